-- declared: what the author of a declaration is told at once.
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local rules = require "slack.rules"

local M = {}

local function what_follows(incident)
  if not rules.has_channel(incident) then
    return "No channel is opened for this priority; the page has everything."
  end
  if incident.is_private then
    return ":lock: A private channel is being opened; you will be invited to it."
  end
  return "A channel is being opened; you will be invited to it."
end

---@param incident table
---@return { text: string, blocks: table[] }
function M.message(incident)
  local headline = incident_text.headline(incident)
  return {
    text = "Incident " .. headline .. " was declared.",
    blocks = {
      blocks.section(":fire: *" .. incident_text.priority(incident.priority) .. "* " .. headline .. " was declared: "
        .. incident_text.page_link(incident, "its page") .. "\n" .. what_follows(incident)),
    },
  }
end

return M
