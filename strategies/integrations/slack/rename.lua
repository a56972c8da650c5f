-- rename: the name of the channel says category and environment, also when they turn out to be others. A name that
-- somebody gave it by hand stays.
local config = require "engine.config"
local conversations = require "engine.conversations"
local time = require "engine.time"
local channel_name = require "slack.channel_name"
local client = require "slack.client"
local foreign = require "slack.foreign"
local step = require "slack.step"


-- Renames it to the first free of the names, its present one among them.
local function to_free_name(conversation, name)
  return channel_name.first_free(name, function(candidate)
    if candidate == conversation.name then return candidate end
    local answer, err = client.call("conversations.rename", { channel = conversation.external_id, name = candidate })
    return answer and (foreign.text(foreign.table(answer.channel).name) or candidate), err
  end)
end

local function rename(_, incident, conversation)
  local date = time.format(incident.created_at_ms, "%Y%m%d", config.time_zone)
  if not channel_name.is_ours(conversation.name, incident, date) then return end
  local name, err = to_free_name(conversation, channel_name.of(incident, date))
  if not name then return nil, err end
  return conversations.save { platform = "slack", external_id = conversation.external_id, name = name }
end

return step.unit {
  about = "Renames the channel when category or environment change",
  event = "incident.updated", order = 8, run = rename,
  touching = { ["incident.updated"] = { "category", "environment", "environments" } },
}
