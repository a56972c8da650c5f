-- suggest: the name that a misspelt one was probably meant to be.

-- Edit distance: the fewest characters to add, drop or change.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local change = diagonal + (a:byte(i) == b:byte(j) and 0 or 1)
      diagonal = row[j]
      row[j] = math.min(change, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end

-- The nearest key of `names`, or nil when none is near. Names of another length are not compared: <word> may be
-- foreign, and as long as a message.
return function(word, names)
  local best, found = #word < 4 and 2 or 3, nil
  for name in pairs(names) do
    local is_near = type(name) == "string" and math.abs(#word - #name) <= best
    local changes = is_near and distance(word, name) or best + 1
    if changes < best or (changes == best and found and name < found) then best, found = changes, name end
  end
  return found
end
