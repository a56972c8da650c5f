-- field_errors: what the kernel refuses, told at the input that it is about.
local text = require "engine.text"
local reply = require "slack.reply"

local M = {}

local MAX = 1000

--- The answer to a submission that the kernel refused.
---@param err table  its `field` is the argument that is wrong
---@param block_of table<string, string>  argument -> block id
---@param otherwise string  the block that shows errors of no input
---@return table response
function M.response(err, block_of, otherwise)
  local root = err.field and err.field:match "^[^%.%[]+"
  local block = block_of[err.field or ""] or block_of[root or ""] or otherwise
  return reply.errors { [block] = text.cut(tostring(err), MAX, "\u{2026}") }
end

return M
