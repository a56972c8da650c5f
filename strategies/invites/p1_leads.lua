-- p1_leads: the groups that want to be in every public P1, wherever it burns.
local M = { about = "Leads who join every public P1" }

function M.applies(incident)
  return incident.priority.value <= 1 and not incident.is_private
end

function M.invite(_, find)
  return find.usergroup { tag = "invited_for_all_public_p1" }
end

return M
