-- category_responders: the people who look after what is broken: groups and conversations of its category.
local M = { about = "Responders of the incident's category", private = true }

function M.invite(_, find)
  return find.category_groups():add(find.category_conversations())
end

return M
