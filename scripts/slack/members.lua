-- members: lists of Slack ids turned into our people. Who is unknown is asked for; who cannot be
-- found is left out, but a rate limit is waited for: who could be found is not left out for it.
local json = require "engine.json"
local log = require "engine.log"
local foreign = require "slack.foreign"
local people = require "slack.people"

local M = {}

--- The ids of our people with these Slack ids. May yield.
---@param slack_ids string[]
---@return string[]|nil
---@return table|nil err  code "rate_limited", and nothing else
function M.person_ids(slack_ids)
  local ids = json.array {}
  for _, slack_id in ipairs(slack_ids) do
    local person, err
    if foreign.text(slack_id) then person, err = people.resolve(slack_id) end
    if person then
      ids[#ids + 1] = person.id
    elseif err and err.code == "rate_limited" then
      return nil, err
    else
      log.warn("a member is unknown and left out: " .. tostring(err or "no id"), {
        user = tostring(slack_id),
      })
    end
  end
  return ids
end

return M
