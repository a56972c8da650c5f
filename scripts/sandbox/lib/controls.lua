--- controls: the routes by which tests and the demo drive the workspace: JSON in, JSON out.
local json = require "engine.json"

local controls = {}

local function answer(value, status)
  return { status = status, content_type = "application/json", body = json.encode(value) }
end

-- The object that was sent, {} for nothing; nil for anything else.
local function read(body)
  if body == "" then return {} end
  local is_read, value = pcall(json.decode, body)
  return is_read and type(value) == "table" and value or nil
end

--- A route. <handler> gets the object that was sent and the request, and gives the answer, or nil and what is wrong.
function controls.route(method, path, handler, about)
  return {
    method = method, path = path, access = "public", about = about,
    handler = function(request)
      local given = read(request.body)
      if not given then return answer({ error = "the body is not a JSON object" }, 400) end
      local value, problem = handler(given, request)
      if value == nil then return answer({ error = problem }, 400) end
      return answer(value, 200)
    end,
  }
end

return controls
