-- bad_news: tells a person that something they asked for will not happen: refused for good, and
-- nobody tries it again. A direct message, sent at most once; its own failure is only logged.
local log = require "engine.log"
local people_of = require "engine.people"
local blocks = require "slack.blocks"
local client = require "slack.client"
local people = require "slack.people"

local M = {}

--- May yield.
---@param person_id string
---@param words string  what does not happen, mrkdwn, already escaped
---@param err any  why: an error, or its words
function M.tell(person_id, words, err)
  local person = people_of.get { id = person_id }
  local slack_id = person and people.slack_id(person)
  if not slack_id then return end
  local text = (":warning: %s\n%s"):format(words, blocks.escape(tostring(err), 500))
  local _, failure = client.call("chat.postMessage", {
    channel = slack_id, text = text, blocks = { blocks.section(text) }, unfurl_links = false,
  })
  if failure then log.warn("nobody could be told that it failed: " .. tostring(failure)) end
end

return M
