-- oncall_topic: the topic of the conversation tagged `tech_incidents` says who is on call now, and is set anew when
-- that changes. Nothing where nobody ever is: the topic is the operator's own.
local kernel = require "engine.kernel"
local log = require "engine.log"
local people_of = require "engine.people"
local store = require "engine.store"
local text = require "engine.text"
local blocks = require "slack.blocks"
local message = require "slack.message"
local people = require "slack.people"

local SCOPE, KEY = "slack", "oncall_topic"
local TOPIC_MAX = 250
local TRIED_FOR = "1d"                  -- what was refused for good is not tried at each look

-- One piece a service: "shop @ada, @bob".
local function pieces()
  local rows, err = kernel.call("oncall.now", {})
  if not rows then return nil, err end
  local list, by_service = {}, {}
  for _, row in ipairs(rows) do
    if row.level == 1 then
      local person, unread = people_of.get { id = row.person_id }
      if not person then return nil, unread end
      local known = by_service[row.service]
      if not known then
        known = { blocks.escape(blocks.line(row.service), 60) }
        by_service[row.service], list[#list + 1] = known, known
      end
      known[#known + 1] = people.mention(person)
    end
  end
  for i, piece in ipairs(list) do list[i] = piece[1] .. " " .. table.concat(piece, " ", 2) end
  return list
end

-- Whole pieces only: a mention that is cut names nobody.
local function topic_of(list)
  if #list == 0 then return "Nobody is on call" end
  local topic = "On call:"
  for i, piece in ipairs(list) do
    local longer = topic .. (i > 1 and " \u{00B7} " or " ") .. piece
    if text.length(longer) > TOPIC_MAX - 2 then return topic .. " \u{2026}" end
    topic = longer
  end
  return topic
end

local function update_oncall()
  local list, err = pieces()
  if not list then return nil, err end
  local last = store.get(SCOPE, KEY)
  if #list == 0 and not last then return end
  local shared, unread = message.tagged_conversation "tech_incidents"
  if not shared then return nil, unread end
  local now = { channel = shared.external_id, topic = topic_of(list) }
  if last and last.channel == now.channel and last.topic == now.topic then return end
  local answer, refusal = message.call_as_member("conversations.setTopic", now)
  if not answer then
    if not refusal.retryable then store.put(SCOPE, KEY, now, { ttl = TRIED_FOR }) end
    return nil, refusal
  end
  store.put(SCOPE, KEY, now)
  log.info "the topic says who is on call now"
end

return {
  about = "Says who is on call in the topic of the shared channel",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.update_oncall"] = { about = "Says who is on call in the topic of the shared channel", run = update_oncall },
  },
}
