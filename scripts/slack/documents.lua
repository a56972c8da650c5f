-- documents: what other systems hold for an incident, its ticket and its post-mortems, as links.
local kernel = require "engine.kernel"
local blocks = require "slack.blocks"

local M = {}

--- Those of a kind.
---@param documents table[]
---@param kind string  "ticket" or "postmortem"
---@return table[]
function M.of_kind(documents, kind)
  local found = {}
  for _, one in ipairs(documents) do
    if one.kind == kind then found[#found + 1] = one end
  end
  return found
end

--- May yield.
---@param incident_id integer
---@param kind? string  default: all
---@param actor? Actor
---@return table[]|nil
---@return table|nil err
function M.of(incident_id, kind, actor)
  local all, err = kernel.call("attachment.list", { incident_id = incident_id }, actor)
  if not all then return nil, err end
  return kind and M.of_kind(all, kind) or all
end

--- Has it an address that Slack takes?
function M.has_link(document)
  return blocks.is_url(document.url)
end

--- What it is called, plain.
function M.label(document)
  return document.title ~= "" and document.title or document.key ~= "" and document.key or document.url
end

--- A link, or the name of what has none; mrkdwn.
function M.link(document)
  if not M.has_link(document) then return blocks.escape(M.label(document), 300) end
  return blocks.link(document.url, M.label(document))
end

--- All of them, one a line.
function M.lines(documents)
  local lines = {}
  for i, document in ipairs(documents) do lines[i] = "\u{2022} " .. M.link(document) end
  return table.concat(lines, "\n")
end

return M
