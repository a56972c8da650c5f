-- show: a value as text, for the messages of failed tests.
local json = require "engine.json"

local MAX_DEPTH = 6
local MAX_MEMBERS = 40

local show

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if math.type(a) and math.type(b) then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

local function show_table(value, depth)
  if depth > MAX_DEPTH then return "{...}" end
  local parts, next_index = {}, 1
  for _, key in ipairs(sorted_keys(value)) do
    if #parts == MAX_MEMBERS then
      parts[#parts + 1] = "..."
      break
    end
    local member = show(value[key], depth + 1)
    if key == next_index then
      next_index = next_index + 1
      parts[#parts + 1] = member
    elseif type(key) == "string" and key:find "^[%a_][%w_]*$" then
      parts[#parts + 1] = key .. " = " .. member
    else
      parts[#parts + 1] = "[" .. show(key, depth + 1) .. "] = " .. member
    end
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

function show(value, depth)
  if value == json.null then return "json.null" end
  if type(value) == "string" then return ("%q"):format(value):gsub("\\\n", "\\n") end
  if type(value) == "table" then return show_table(value, depth) end
  return tostring(value)
end

---@param value any
---@return string
return function(value) return (show(value, 0)) end
