-- long_lists: lists of a form that are longer than a select takes are searched while somebody types.
local config = require "engine.config"
local json = require "engine.json"
local log = require "engine.log"
local catalogue_of = require "slack.creation.catalogue"
local choices = require "slack.choices"

local function search(options_of)
  return function(given)
    local catalogue, err = catalogue_of.load()
    if not catalogue then
      log.warn("a list cannot be searched: " .. tostring(err))
      return { options = json.array {} }
    end
    return { options = json.array(choices.search((options_of(catalogue)), given.action.value)) }
  end
end

return {
  options = {
    environment = search(choices.environments),
    incident_category = search(choices.category_list),
    platform = search(function() return choices.listed(config.slack.platforms) end),
    suggested_team_routing = search(function() return choices.listed(config.slack.teams) end),
  },
}
