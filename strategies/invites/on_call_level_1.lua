-- on_call_level_1: whoever is on call now, first level, for every service.
local M = { about = "First responders who are on call now" }

function M.invite(_, find)
  return find.on_call { level = 1 }
end

return M
