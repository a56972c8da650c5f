-- incident: one incident: its facts, its timeline, who was invited and why, and the state of its effects.
local html = require "engine.html"
local incidents = require "engine.incidents"
local time = require "engine.time"
local layout = require "web.layout"
local parts = require "web.parts"
local timeline = require "web.timeline"

local h = html.element
local READER = { source = "web" }   -- nobody in particular until sign-in exists: private incidents stay out

local INVITATION_STATE = { pending = "waiting", invited = "invited", failed = "failed", skipped = "left out" }
local JOB_STATE = {
  ready = "waiting", running = "running", done = "done", dead = "failed for good", cancelled = "cancelled",
}

local function fact(name, value)
  return h("div", nil, h("dt", nil, name), h("dd", nil, value))
end

local function channel_link(conversation)
  if not conversation then return "none yet" end
  local name = "#" .. conversation.name
  return conversation.url and h("a", { href = conversation.url, rel = "noopener" }, name) or name
end

local function facts(incident)
  return parts.card("Facts", h("dl", { class = "facts" },
    fact("Priority", incident.priority.emoji .. " " .. incident.priority.name .. ": " .. incident.priority.description),
    fact("Environment", incident.environment.name),
    fact("Category", incident.category.name .. " (" .. incident.category.group.name .. ")"),
    fact("Declared", { parts.moment(incident.created_at_ms), " by ", parts.person(incident.created_by) }),
    fact("Channel", channel_link(incident.conversation)),
    incident.mitigated_at_ms and fact("Mitigated", parts.moment(incident.mitigated_at_ms)),
    incident.closed_at_ms and fact("Closed", parts.moment(incident.closed_at_ms))))
end

local function roles(incident)
  if #incident.roles == 0 then return nil end
  local rows = {}
  for i, role in ipairs(incident.roles) do
    rows[i] = h("li", nil, role.emoji .. " ", h("strong", nil, role.name), " ", parts.person(role.person))
  end
  return parts.card("Roles", h("ul", { class = "plain" }, rows))
end

local function impacts(incident)
  if #incident.impacts == 0 then return nil end
  local rows = {}
  for i, impact in ipairs(incident.impacts) do
    rows[i] = h("li", nil, impact.type.emoji .. " ", h("strong", nil, impact.type.name), " ",
      impact.level.emoji .. " " .. impact.level.name)
  end
  return parts.card("Impacts", h("ul", { class = "plain" }, rows))
end

local function metrics(detail)
  if #detail.metrics == 0 then return nil end
  local rows = {}
  for i, metric in ipairs(detail.metrics) do rows[i] = fact(metric.name, time.humanize(metric.duration_ms)) end
  return parts.card("Metrics", h("dl", { class = "facts" }, rows))
end

local function reasons(invitation)
  local rows = {}
  for i, reason in ipairs(invitation.reasons) do
    rows[i] = h("li", nil, reason.reason, " ", h("code", nil, reason.strategy))
  end
  return h("ul", { class = "plain" }, rows)
end

local function invited(detail)
  if #detail.invitations == 0 then
    return parts.card("Who was invited, and why", h("p", { class = "muted" }, "Nobody yet."))
  end
  local rows = {}
  for i, invitation in ipairs(detail.invitations) do
    local state = h("span", { class = "state " .. invitation.state }, INVITATION_STATE[invitation.state])
    rows[i] = { parts.person(invitation.person), reasons(invitation),
      invitation.error and { state, h("p", { class = "muted" }, invitation.error) } or state }
  end
  return parts.card("Who was invited, and why", parts.grid({ "Person", "Why", "State" }, rows))
end

local function failed_strategies(detail)
  local rows = {}
  for _, run in ipairs(detail.strategy_runs) do
    if run.state == "failed" then
      rows[#rows + 1] = h("li", nil, h("code", nil, run.strategy), ": ", run.error or "failed")
    end
  end
  if #rows == 0 then return nil end
  return parts.card("Invite strategies that failed and were skipped", h("ul", { class = "plain" }, rows))
end

local function job_note(job)
  if job.state == "ready" and job.error_text then
    return { h("p", nil, job.error_text), h("p", { class = "muted" }, "Next try: ", parts.moment(job.due_at_ms)) }
  end
  return job.error_text or ""
end

-- What failed for good first, then what is not over.
local STATE_ORDER = { dead = 1, running = 2, ready = 3, cancelled = 4, done = 5 }

-- Jobs that differ in nothing that is shown are one row: the first of them, and how many there are.
local function grouped(jobs)
  local groups, by_key = {}, {}
  for i, job in ipairs(jobs) do
    local key = job.handler .. "\0" .. job.state
    if job.state ~= "done" and job.error_text then key = key .. "\0" .. job.error_text end
    local group = by_key[key]
    if not group then
      group = { job = job, place = STATE_ORDER[job.state] * #jobs + i, count = 0 }
      by_key[key], groups[#groups + 1] = group, group
    end
    group.count = group.count + 1
  end
  table.sort(groups, function(a, b) return a.place < b.place end)
  return groups
end

local function handler_cell(group)
  return { h("code", nil, group.job.handler), group.count > 1 and " \u{d7} " .. group.count or nil }
end

local function effects(jobs)
  if #jobs == 0 then return parts.card("Effects", h("p", { class = "muted" }, "Nothing to do outside.")) end
  local rows, done, done_count = {}, {}, 0
  for _, group in ipairs(grouped(jobs)) do
    local job = group.job
    if job.state == "done" then
      done[#done + 1], done_count = h("li", nil, handler_cell(group)), done_count + group.count
    else
      rows[#rows + 1] = { handler_cell(group), h("span", { class = "state " .. job.state }, JOB_STATE[job.state]),
        tostring(job.attempt), job_note(job) }
    end
  end
  return h("section", { class = "card", id = "effects" }, h("h2", nil, "Effects"),
    #rows > 0 and parts.grid({ "What", "State", "Tries", "Note" }, rows) or nil,
    done_count > 0 and h("details", nil, h("summary", nil, done_count .. " done"), h("ul", { class = "plain" }, done))
      or nil)
end

-- Effects stand below the timeline; that some failed for good has to be seen at once.
local function notice(id, jobs)
  local dead_count = 0
  for _, job in ipairs(jobs) do
    if job.state == "dead" then dead_count = dead_count + 1 end
  end
  if dead_count == 0 then return nil end
  local count = dead_count == 1 and "One effect" or dead_count .. " effects"
  return h("p", { class = "notice" }, h("a", { href = "#effects" }, count .. " failed for good"),
    ". Once the cause is mended, ", h("code", nil, "halligan job retry --incident " .. id), " tries again.")
end

local function show(request)
  local id = math.tointeger(tonumber(request.params.id))
  if not id then return layout.not_found("This incident") end
  local detail, err = incidents.detail({ id = id }, READER)
  if not detail then
    if err.code == "not_found" or err.code == "forbidden" then return layout.not_found("Incident #" .. id) end
    return layout.failed(err)
  end
  return layout.page("#" .. id .. " " .. detail.title, h("article", { class = "incident-page" },
    h("header", nil,
      h("h1", nil, "#" .. id .. " ", h("bdi", nil, detail.title)),
      h("p", { class = "pills" }, parts.status_pill(detail), " ", parts.priority_pill(detail.priority), " ",
        parts.environment_pill(detail.environment))),
    notice(id, detail.jobs),
    parts.prose(detail.description),
    h("div", { class = "columns" },
      h("div", { class = "narrow" }, facts(detail), roles(detail), impacts(detail), metrics(detail)),
      h("div", { class = "wide" }, timeline.card(detail, request.query.timeline == "all"), invited(detail),
        failed_strategies(detail), effects(detail.jobs)))))
end

return {
  about = "The page of one incident",
  routes = {
    { method = "GET", path = "/incident/:id#/", access = "loopback", handler = show, about = "One incident's page" },
  },
}
