-- rules: what the rows of config.lua owe each other. Each names the row that breaks it, so that nothing is accepted
-- that could only go wrong later, in an incident.
local M = {}

-- Key events that the course of an incident sets by itself before it is closed.
local SET_BEFORE_CLOSING = { declared = true, mitigated = true, recovered = true }

local function names(rows, key)
  local known = {}
  for _, row in ipairs(rows or {}) do
    if row[key] then known[row[key]] = true end
  end
  return known
end

-- A metric runs from one declared milestone to another.
local function metrics(config, report)
  local known = names(config.milestones, "event_type")
  for i, metric in ipairs(config.metrics or {}) do
    for _, key in ipairs { "start", "end" } do
      local name = metric[key]
      if name and not known[name] then
        report(("metrics[%d].%s"):format(i, key), 'there is no milestone "' .. name .. '"')
      end
    end
    if metric.start and metric.start == metric["end"] then
      report(("metrics[%d].end"):format(i), "is where the metric starts")
    end
  end
end

-- What must be there before closing can be put there.
local function required_milestones(config, report)
  for i, row in ipairs(config.milestones or {}) do
    if row.required and row.user_editable == false and not SET_BEFORE_CLOSING[row.event_type] then
      report(("milestones[%d].required"):format(i), ("nobody can set %q (user_editable = false) and nothing does before"
        .. " the incident is closed: it could never be"):format(row.event_type))
    end
  end
end

-- Where a post-mortem is for, there is an environment; and one there is when priorities ask for it.
local function postmortem(config, report)
  local path = "lifecycle.postmortem.environments"
  local known = names(config.environments, "value")
  local given = config.lifecycle and config.lifecycle.postmortem and config.lifecycle.postmortem.environments
  for i, value in ipairs(given or {}) do
    if not known[value] then report(("%s[%d]"):format(path, i), ('there is no environment "%s"'):format(value)) end
  end
  if given or known.PRD or not next(known) then return end
  for i, priority in ipairs(config.priorities or {}) do
    if priority.needs_postmortem then
      report(("priorities[%d].needs_postmortem"):format(i), 'there is no environment "PRD"; name those that ask for a'
        .. " post-mortem in " .. path)
      return
    end
  end
end

--- Calls report(path, message) for everything that does not fit together.
---@param config table  may hold rows with mistakes of their own
---@param report function
function M.check(config, report)
  metrics(config, report)
  required_milestones(config, report)
  postmortem(config, report)
end

return M
