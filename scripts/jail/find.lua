-- find: what an invite strategy asks: who is in a group, in a conversation, on duty. Runs in the jail, beside the strategy.
-- People come as lists that remember why: `find.usergroup("payments"):because("payments on-call")`.
local query = require "jail.query"

local M = {}

local People = {}
People.__index = People
People.__len = function(self) return #self.list end
People.__name = "people"

local function is_people(value)
  return getmetatable(value) == People
end

local function people_of(rows, reason)
  local list, line = {}, query.line()
  for i, row in ipairs(rows) do
    list[i] = { id = row.id, name = row.name, email = row.email, username = row.username, reason = reason, line = line }
  end
  return setmetatable({ list = list }, People)
end

local function check_text(value, what)
  if type(value) ~= "string" or value == "" then error(what .. ": expected a text, got " .. type(value), 3) end
  return value
end

--- Gives everyone in the list this reason.
function People:because(reason)
  check_text(reason, "because")
  local line = query.line()
  for _, person in ipairs(self.list) do person.reason, person.line = reason, line end
  return self
end

--- Adds the people of another list, with their own reasons or with this one.
function People:add(others, reason)
  if not is_people(others) then error("add: expected people, got " .. type(others), 2) end
  local line = query.line()
  for _, person in ipairs(others.list) do
    self.list[#self.list + 1] = {
      id = person.id, name = person.name, email = person.email, username = person.username,
      reason = reason or person.reason, line = reason and line or person.line,
    }
  end
  return self
end

--- Takes the people of another list out of this one.
function People:without(others)
  if not is_people(others) then error("without: expected people, got " .. type(others), 2) end
  local gone, kept = {}, {}
  for _, person in ipairs(others.list) do gone[person.id] = true end
  for _, person in ipairs(self.list) do
    if not gone[person.id] then kept[#kept + 1] = person end
  end
  self.list = kept
  return self
end

--- Walks the people: `for _, person in people:each() do`.
function People:each()
  return ipairs(self.list)
end

local function members_of_groups(groups)
  local people = people_of({})
  for _, group in ipairs(groups) do
    people:add(people_of(query.usergroup_members(group.id), "member of @" .. (group.handle ~= "" and group.handle or group.name)))
  end
  return people
end

local function members_of_conversations(conversations)
  local people = people_of({})
  for _, conversation in ipairs(conversations) do
    people:add(people_of(query.conversation_members(conversation.id), "member of #" .. conversation.name))
  end
  return people
end

--- What a strategy gets as `find`, for one incident.
local function find_for(incident)
  local find = {}

  --- Nobody yet; a list to add to.
  function find.nobody()
    return people_of({})
  end

  --- A user group by its handle or its id, or all with a tag: find.usergroup("payments"), find.usergroup { tag = "leads" }.
  function find.usergroup(which)
    if type(which) == "table" then return members_of_groups(query.usergroups_with_tag(check_text(which.tag, "tag"))) end
    check_text(which, "usergroup")
    return members_of_groups(query.usergroup(which:gsub("^@", ""), which))
  end

  --- The members of a conversation, by its tag or its id.
  function find.conversation_members(which)
    check_text(which, "conversation_members")
    return members_of_conversations(query.conversation(which, which))
  end

  --- Who is on call now: find.on_call { level = 1, service = "payments" }.
  function find.on_call(options)
    options = options or {}
    local level = options.level or 1
    local rows
    if options.service then
      rows = query.on_call_of_service(level, check_text(options.service, "service"))
    else
      rows = query.on_call(level)
    end
    return people_of(rows, "on call, level " .. level)
  end

  --- The members of the user groups of the incident's category.
  function find.category_groups()
    return members_of_groups(query.usergroups_of_category(incident.category.id))
  end

  --- The members of the conversations of the incident's category.
  function find.category_conversations()
    return members_of_conversations(query.conversations_of_category(incident.category.id))
  end

  --- One person by e-mail; nobody when unknown.
  function find.person(email)
    return people_of(query.person(check_text(email, "person"):lower()))
  end

  return find
end

-- The rows that go back to the engine.
local function rows_of(strategy, people)
  local rows = {}
  for i, person in ipairs(people.list) do
    rows[i] = { person_id = person.id, reason = person.reason or strategy.about, source_line = person.line }
  end
  return rows
end

--- Asks one strategy about one incident. Called by the jail.
function M.run(strategy, incident)
  if strategy.applies and not strategy.applies(incident) then return { state = "not_applicable" } end
  local people = strategy.invite(incident, find_for(incident))
  if not is_people(people) then
    error(("invite() must return people, as find gives them; it returned a %s"):format(type(people)), 0)
  end
  return { state = "answered", people = rows_of(strategy, people) }
end

return M
