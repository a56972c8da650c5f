-- workspace: what the imitated workspace holds: people, channels with messages, views, triggers. All in memory; a
-- restart is a fresh start. Methods change it, the control routes show it.
local crypto = require "engine.crypto"
local json = require "engine.json"
local time = require "engine.time"

local M = {}

M.TEAM = "T0SANDBOX"
M.BOT = "U0BOT"
M.APP = "A0SANDBOX"
local BOT_ID = "B0BOT"
local TRIGGER_LIFE_MS = 3000
local RESPONSE_LIFE_MS = 30 * 60 * 1000
local RESPONSE_USES = 5

local NAMES = {
  "Amal Haddad", "Bruno Keller", "Chiara Conti", "Daniel Okafor", "Elif Yilmaz", "Farid Rahimi", "Greta Lund",
  "Hugo Marchand", "Ines Carvalho", "Jonas Weber", "Keiko Tanaka", "Liam Byrne", "Mina Petrova", "Noah Jansen",
  "Olga Nowak", "Paulo Reis", "Quinn Adler", "Rania Aziz", "Sven Holm", "Tara Singh", "Umar Diallo", "Vera Novak",
  "Wim de Boer", "Xenia Popov", "Yusuf Demir", "Zoe Laurent", "Adam Fischer", "Bea Romero", "Carl Nilsson", "Dana Levy",
  "Emil Horvat", "Freya Olsen", "Gabriel Costa", "Hana Kim", "Ivan Sokolov", "Julia Brandt", "Karim Nasser",
  "Lena Vogel", "Marco Ricci", "Nora Quinn",
}

local state

local function new_person(id, name, handle, updated)
  return {
    id = id, team_id = M.TEAM, name = handle, deleted = false, real_name = name, is_bot = false,
    is_restricted = false, is_ultra_restricted = false, updated = updated,
    profile = {
      real_name = name, display_name = handle, email = handle .. "@example.test",
      image_192 = "https://avatars.example.test/" .. id .. ".png",
    },
  }
end

local function add_person(id, name, flags)
  local handle = name:lower():gsub("[^a-z]+", ".")
  local person = new_person(id, name, handle, time.now_ms() // 1000)
  for key, value in pairs(flags or {}) do person[key] = value end
  if person.is_bot then person.profile.email = nil end
  state.people[id] = person
  state.people_order[#state.people_order + 1] = id
  return person
end

--- A new channel; <members> is a list of ids.
function M.add_channel(id, name, creator, members, flags)
  local channel = {
    id = id or M.next_id "C", name = name, creator = creator, created = time.now_ms() // 1000,
    is_archived = false, is_private = false, is_im = false, is_general = false, topic = "",
    members = {}, member_order = {}, messages = {}, message_order = {}, pins = {}, bookmarks = {},
  }
  for key, value in pairs(flags or {}) do channel[key] = value end
  state.channels[channel.id] = channel
  state.channel_order[#state.channel_order + 1] = channel.id
  for _, member in ipairs(members) do M.join(channel, member) end
  return channel
end

function M.join(channel, person_id)
  if channel.members[person_id] then return end
  channel.members[person_id] = true
  channel.member_order[#channel.member_order + 1] = person_id
end

function M.leave(channel, person_id)
  if not channel.members[person_id] then return false end
  channel.members[person_id] = nil
  for i, id in ipairs(channel.member_order) do
    if id == person_id then table.remove(channel.member_order, i) break end
  end
  return true
end

local function add_group(id, handle, name, members)
  state.groups[#state.groups + 1] = {
    id = id, team_id = M.TEAM, handle = handle, name = name, description = "", is_external = false, users = members,
  }
end

local function numbered(from, to)
  local ids = {}
  for n = from, to do ids[#ids + 1] = string.format("U%04d", n) end
  return ids
end

local function fill()
  add_person(M.BOT, "Halligan", { is_bot = true })
  for n, name in ipairs(NAMES) do add_person(string.format("U%04d", n), name) end
  state.people.U0038.deleted = true
  state.people.U0039.is_restricted = true
  add_person("U0BUILD", "Build Bot", { is_bot = true })
  M.add_channel("C0GENERAL", "general", "U0001", numbered(1, 37), { is_general = true })
  M.add_channel("C0INCIDENTS", "tech-incidents", "U0001", numbered(1, 12))
  M.add_channel("C0DEPLOY", "it-deploy", "U0001", numbered(1, 20))
  for _, id in ipairs { "C0INCIDENTS", "C0DEPLOY" } do M.join(state.channels[id], M.BOT) end
  add_group("S0PAYMENTS", "payments-oncall", "Payments on call", numbered(2, 4))
  add_group("S0PLATFORM", "platform-oncall", "Platform on call", numbered(5, 8))
  add_group("S0LEADS", "incident-leads", "Incident leads", numbered(9, 10))
  add_group("S0SECURITY", "security", "Security", numbered(11, 12))
end

-- A crowd for measurements: <users> more people, <groups> more groups of <size> of them. A person of the crowd is made
-- when somebody asks: a hundred thousand would not fit into the memory of a script.
local function fill_crowd(users, groups, size)
  local ids, updated = {}, time.now_ms() // 1000
  for n = 1, users do
    ids[n] = ("UX%06d"):format(n)
    state.people_order[#state.people_order + 1] = ids[n]
  end
  setmetatable(state.people, {
    __index = function(_, id)
      local n = math.tointeger(tonumber(id:match "^UX(%d+)$"))
      if n and ids[n] == id then return new_person(id, "Person " .. n, "person" .. n, updated) end
    end,
  })
  local cursor = 0
  for n = 1, groups do
    local members = {}
    for i = 1, math.min(size, users) do
      members[i] = ids[cursor % users + 1]
      cursor = cursor + 1
    end
    add_group("S0BIG" .. n, "big-" .. n, "Big group " .. n, members)
  end
end

--- Begins anew. options: users, groups, group_size.
function M.reset(options)
  state = {
    counter = 0, last_ts = 0, people = {}, people_order = {}, channels = {}, channel_order = {}, groups = {},
    views = {}, view_order = {}, triggers = {}, responses = {}, ephemerals = {}, log = {}, log_count = 0,
    malformed = {},
  }
  fill()
  options = options or {}
  state.scopes = options.scopes
  if options.users then fill_crowd(options.users, options.groups or 0, options.group_size or 50) end
end

function M.next_id(prefix)
  state.counter = state.counter + 1
  return string.format("%s%08X", prefix, state.counter)
end

--- A message's timestamp: unique and rising.
function M.next_ts()
  state.last_ts = math.max(state.last_ts + 1, time.now_ms() * 1000)
  return string.format("%d.%06d", state.last_ts // 1000000, state.last_ts % 1000000)
end

function M.mint_trigger(person_id, channel_id)
  local id = M.next_id("") .. "." .. crypto.random_hex(8)
  local token = crypto.random_hex(8)
  state.triggers[id] = { expires = time.mono_ms() + TRIGGER_LIFE_MS, person = person_id }
  state.responses[token] = { expires = time.mono_ms() + RESPONSE_LIFE_MS, left = RESPONSE_USES,
    person = person_id, channel = channel_id }
  return id, token
end

--- nil when the trigger may be used (it then is used up), else the vendor's error.
function M.use_trigger(id)
  local trigger = state.triggers[id]
  if not trigger then return "invalid_trigger_id" end
  if trigger.used then return "exchanged_trigger_id" end
  if trigger.expires < time.mono_ms() then return "expired_trigger_id" end
  trigger.used = true
  return nil, trigger.person
end

function M.use_response(token)
  local response = state.responses[token]
  if not response or response.expires < time.mono_ms() or response.left < 1 then return nil end
  response.left = response.left - 1
  return response
end

function M.log(entry)
  state.log_count = state.log_count + 1
  entry.n = state.log_count
  entry.at_ms = time.now_ms()
  state.log[#state.log + 1] = entry
  if #state.log > 20000 then table.move(state.log, 10001, #state.log + 10000, 1) end
end

--- Keeps what was sent in a shape that the vendor never takes, for whoever asks what the app does wrong.
function M.note_malformed(method, detail)
  state.malformed[#state.malformed + 1] = { method = method, detail = detail }
end

function M.get() return state end

local function shown_channel(channel)
  local messages = {}
  for i, ts in ipairs(channel.message_order) do messages[i] = channel.messages[ts] end
  return {
    id = channel.id, name = channel.name, is_private = channel.is_private, is_archived = channel.is_archived,
    is_im = channel.is_im, user = channel.user, creator = channel.creator, topic = channel.topic,
    members = json.array(channel.member_order), messages = json.array(messages),
    pins = json.array(channel.pins), bookmarks = json.array(channel.bookmarks),
  }
end

--- Everything, as the control route shows it.
function M.snapshot()
  local channels, views = {}, {}
  for i, id in ipairs(state.channel_order) do channels[i] = shown_channel(state.channels[id]) end
  for i, id in ipairs(state.view_order) do views[i] = state.views[id] end
  return {
    channels = json.array(channels), views = json.array(views), ephemerals = json.array(state.ephemerals),
    people = #state.people_order,
  }
end

M.BOT_ID = BOT_ID
M.reset()

return M
