-- given_up: what no try could do for an incident and somebody may wait for: its channel hears of it, so that people
-- do it themselves or ask whoever runs the engine. Where there is no channel, who declared the incident hears.
local incidents = require "engine.incidents"
local jobs = require "engine.jobs"
local store = require "engine.store"
local text = require "engine.text"
local bad_news = require "slack.bad_news"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local permit = require "slack.permit"

local FOLDER = "integrations/slack/"
local TOGETHER_MS = 5 * 1000            -- what fails at once is said at once
local MOST_LINES, MOST_JOBS = 15, 100
local KIND, TOLD = "ff_given_up", "slack.given_up"   -- TOLD: scope of the store

-- What people miss, in their words. What is not named here is nothing that somebody waits for.
local MISSED = {
  announce = "The announcement is not in this channel, or not pinned.",
  announce_to_all = "The shared channel was not told of the incident.",
  archive = "This channel was not archived.",
  deploy_warning = "The deployment channel does not know whether deployments may go on.",
  emergency = "How the company is told was not said here.",
  invite = "People who are needed may not have been invited.",
  ["invite:again"] = "People who are needed may not have been invited.",
  invite_author = "Who declared the incident was not invited.",
  invite_merged = "The people of the merged incident were not invited.",
  invite_roles = "Somebody who was given a role was not invited.",
  join = "The app is not in this channel.",
  open_channel = "The incident gets no channel.",
  open_channel_when_worse = "The incident gets no channel.",
  postmortem_announce = "The shared channel was not told of the post-mortem.",
  postmortem_created = "The link of the post-mortem was not posted, or not pinned.",
  status_message = "An update was not told everywhere.",
  tell_teams = "A team's channel was not told of the incident.",
  transcript = "What was said in this channel was not kept.",
  unarchive = "This channel was not opened again.",
  withdraw = "Shared channels may still say something of this incident, which is private now.",
}

local function missed(handler)
  return handler:sub(1, #FOLDER) == FOLDER and MISSED[handler:sub(#FOLDER + 1)] or nil
end

-- One line for each kind, the latest reason behind it. Plain.
local function lines_of(dead)
  local lines, known = {}, {}
  for _, job in ipairs(dead) do
    local what = missed(job.handler)
    if what and not known[what] and #lines < MOST_LINES then
      known[what] = true
      local reason = text.cut(job.error_text or "no reason was kept", 150, "\u{2026}")
      lines[#lines + 1] = ("\u{2022} %s (%s)"):format(what, reason)
    end
  end
  return table.concat(lines, "\n")
end

local function content(incident, lines)
  local words = ":warning: *This could not be done, and is not tried again:*\n" .. blocks.escape(lines, 2500)
  return {
    text = words,
    blocks = {
      blocks.section(words),
      blocks.context(("Whoever runs this app sees why with `halligan job list --incident %d`, and tries all of it"
        .. " again with `halligan job retry --incident %d`."):format(incident.id, incident.id)),
    },
  }
end

-- Not twice a day the same, and nothing of a private incident that they do not belong to any more.
local function tell_author(incident, lines)
  local key, author = tostring(incident.id), permit.actor(incident.created_by.id)
  if store.get(TOLD, key) == lines or not incidents.get({ id = incident.id }, author) then return end
  store.put(TOLD, key, lines, { ttl = "1d" })
  bad_news.tell(incident.created_by.id, ("*%s*: something could not be done, and is not tried again. The incident"
    .. " goes on without it: %s"):format(incident_text.headline(incident), incident_text.page_link(incident)), lines)
end

local function say(ctx, args)
  local incident, err = incidents.get { id = args.incident_id }
  if not incident then return nil, err end
  local dead, unread = jobs.list { incident_id = incident.id, state = "dead", limit = MOST_JOBS }
  if not dead then return nil, unread end
  local lines = lines_of(dead)
  if lines == "" then return end                 -- somebody has begun it anew
  if not incident.conversation then return tell_author(incident, lines) end
  local said = content(incident, lines)
  local done, problem = message.replace(ctx, {
    conversation = incident.conversation, incident = incident, kind = KIND, unless_same = true, text = said.text,
    blocks = said.blocks,
  })
  if not problem or problem.retryable then return done, problem end
  return tell_author(incident, lines)            -- the channel itself is what is missing
end

local function plan(_, event)
  return jobs.enqueue {
    handler = FOLDER .. "given_up:say", args = { incident_id = event.incident_id }, incident_id = event.incident_id,
    key = ("slack.given_up:%d"):format(event.incident_id), delay_ms = TOGETHER_MS,
  }
end

local touching = {}
for name in pairs(MISSED) do touching[#touching + 1] = FOLDER .. name end
table.sort(touching)

return {
  about = "Says in an incident's channel what was given up",
  enabled = function(settings) return settings.slack.token ~= "" end,
  on = { ["job.died"] = plan },
  touching = { ["job.died"] = touching },
  jobs = { say = say },
}
