-- methods: the Web API's methods on the workspace, a file for each family. Each takes checked arguments and returns the
-- reply's members, or ends with call.fail(), which becomes the vendor's {"ok": false, "error": ...}.
local M = {}
local CALLS = {}

for _, family in ipairs { "people", "conversations", "history", "messages", "views" } do
  for name, method in pairs(require("sandbox.lib.methods." .. family)) do CALLS[name] = method end
end

--- Carries out a call. Returns the reply's table, always with `ok`.
function M.call(method, args)
  local is_fine, result = pcall(CALLS[method], args)
  if is_fine then
    result.ok = true
    return result
  end
  if type(result) ~= "table" or not result.refusal then error(result, 0) end
  local reply = { ok = false, error = result.refusal }
  for key, value in pairs(result.more or {}) do reply[key] = value end
  return reply
end

function M.is_known(method) return CALLS[method] ~= nil end

return M
