-- opening: opens the channel of an incident. The name is made of the incident's facts; when somebody has
-- taken it, a number is added; when we ourselves took it in a try whose answer was lost, that channel is
-- adopted. A private incident gets a private channel or none: it waits until Slack allows one.
local config = require "engine.config"
local conversations = require "engine.conversations"
local log = require "engine.log"
local time = require "engine.time"
local bad_news = require "slack.bad_news"
local channel_name = require "slack.channel_name"
local client = require "slack.client"
local foreign = require "slack.foreign"
local incident_text = require "slack.incident_text"
local workspace = require "slack.workspace"

local M = {}

local CLOCK_SLACK_S = 120               -- Slack's clock and ours
local FIRST_WAIT_MS = 20 * 1000
local LAST_WAIT_MS = 10 * 60 * 1000

local function is_ours(channel, name, incident, identity)
  return channel.name == name and channel.creator == identity.user_id
    and channel.is_archived ~= true
    and (channel.is_private == true) == incident.is_private
    and (tonumber(channel.created) or 0) >= incident.created_at_ms // 1000 - CLOCK_SLACK_S
end

-- The channel of this name that an earlier try of ours created; nil when it is somebody else's.
local function find_ours(name, incident)
  local identity, unknown = workspace.identity()
  if not identity then return nil, unknown end
  local types = incident.is_private and "private_channel" or "public_channel"
  local args = { types = types, exclude_archived = true, limit = 999 }
  for page, err in client.pages("conversations.list", args) do
    if not page then return nil, err end
    for _, channel in ipairs(foreign.table(page.channels)) do
      if is_ours(channel, name, incident, identity) then return channel end
    end
  end
  return nil
end

-- Creates it under the name or under the first free one with a number.
local function create(incident, name)
  return channel_name.first_free(name, function(candidate)
    local answer, err = client.call("conversations.create", { name = candidate, is_private = incident.is_private })
    if answer then return answer.channel end
    if err.slack ~= "name_taken" then return nil, err end
    local ours, unknown = find_ours(candidate, incident)
    if ours then return ours end
    return nil, unknown or err
  end)
end

local function record(incident, channel)
  if not foreign.text(foreign.table(channel).id) then
    return nil, client.error {
      code = "unavailable", retryable = true, unknown = true,
      message = "conversations.create: an answer without a channel",
    }
  end
  return conversations.opened {
    incident_id = incident.id, platform = "slack", external_id = channel.id,
    name = foreign.text(channel.name),
    type = incident.is_private and "private" or "public", url = workspace.channel_url(channel.id),
  }
end

-- No public channel for a private incident, ever: it waits, longer each time. Its author is told what for, and that
-- nobody has been invited so far; operators see it at the job.
local function wait_for_private(ctx, incident, err)
  local waits = (ctx.progress.waits or 0) + 1
  ctx:note { waits = waits }
  if waits == 1 then
    local words = "%s has no channel yet, so nobody is invited: Slack refuses a private one, and it gets no public one."
      .. " It is tried again; until then reach those who are needed another way."
    bad_news.tell(incident.created_by.id, words:format(incident_text.headline(incident)), err)
  end
  log.warn("a private incident waits for its private channel: " .. tostring(err), {
    incident = ctx.incident_id,
  })
  return "wait", client.error {
    code = err.code, retryable = true,
    retry_after_ms = math.min(FIRST_WAIT_MS << math.min(waits - 1, 10), LAST_WAIT_MS),
    message = "waiting for a private channel, no public one is opened: " .. tostring(err),
  }
end

--- Opens it and keeps it; "wait" when a private one must wait. That there is none for good is told by
--- strategies/integrations/slack/given_up.lua.
--- Answers what a job's handler answers. May yield.
---@param ctx Context
---@param incident table
---@return nil|string outcome
---@return table|nil err
function M.open(ctx, incident)
  local date = time.format(incident.created_at_ms, "%Y%m%d", config.time_zone)
  local channel, problem = create(incident, channel_name.of(incident, date))
  if not channel then
    if problem.retryable then return nil, problem end
    if incident.is_private then return wait_for_private(ctx, incident, problem) end
    return nil, problem
  end
  local opened, refusal = record(incident, channel)
  if not opened then return nil, refusal end
  log.info("channel opened", { incident = incident.id, channel = channel.id })
end

return M
