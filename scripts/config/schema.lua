-- schema: the keys of config.lua that the engine itself knows. Integrations add theirs with their `config` field.
local shape = require "config.shape"

local function name_text(max) return shape.string { min = 1, max = max or 128 } end
local function free_text() return shape.string { max = 2000, optional = true } end
local function flag(default) return shape.boolean { default = default } end
local function order() return shape.integer { min = 0, optional = true } end
local function id()
  return shape.string { pattern = "^[%x%-]+$", max = 36, hint = "must be a UUID", optional = true }
end
local function slug()
  return shape.string { pattern = "^[a-z0-9][a-z0-9_%-]*$", max = 64, hint = "must be lower case: a-z, 0-9, _ and -" }
end
local function rows(fields, unique)
  return shape.list { of = shape.table { fields = fields }, unique = unique, default = {} }
end

local LEVELS = { "HT", "HI", "MD", "LO", "LT", "NO" }
local FIELD_TYPES = { "text", "number", "boolean", "date", "url", "choice", "choices" }

local STATUSES = { "open", "investigating", "mitigating", "mitigated", "postmortem", "closed" }

-- From each named status to those of its list; a status that is not named keeps the shipped ones.
local function transitions()
  local row = shape.list { of = shape.enum { values = STATUSES }, optional = true }
  local fields = {}
  for _, status in ipairs(STATUSES) do fields[status] = row end
  return shape.table { default = {}, fields = fields }
end

-- What people read for a status.
local function labels()
  local fields = {}
  for _, status in ipairs(STATUSES) do fields[status] = shape.string { min = 1, max = 40, optional = true } end
  return shape.table { default = {}, fields = fields }
end

local schema = {
  listen = shape.string {
    default = "127.0.0.1:8080", pattern = "^%S+:%d+$", hint = 'must be "address:port", such as "127.0.0.1:8080"',
  },
  database = shape.string { default = "var/halligan.db", min = 1 },
  base_url = shape.string {
    optional = true, pattern = "^https?://[^%s/]+", hint = "must start with http:// or https:// and name a host",
  },
  time_zone = shape.string { default = "UTC", min = 1, max = 64 },
  log = shape.table { default = {}, fields = {
    level = shape.enum { values = { "debug", "info", "warn", "error" }, default = "info" },
    json = flag(false),
  } },
  limits = shape.table { default = {}, fields = {
    header = shape.integer { min = 1024, max = 1 << 20, optional = true },
    body = shape.integer { min = 1024, max = 64 << 20, optional = true },
    connections = shape.integer { min = 1, max = 65536, optional = true },
    timeout = shape.duration { min = 1000, max = 600000, optional = true },
  } },
  api = shape.table { default = {}, fields = {
    compat = shape.table { default = {}, fields = {
      channel_name = shape.string { optional = true },
      ticket_key = shape.string { optional = true },
      ticket_url = shape.string { optional = true },
    } },
    public_schema = flag(false),
    pages = flag(true),
    rate_limit = shape.table { default = {}, fields = {
      per_minute = shape.integer { min = 0, max = 1000000, default = 0 },
      burst = shape.integer { min = 1, max = 100000, default = 100 },
      refusals_per_minute = shape.integer { min = 0, max = 1000000, default = 60 },
    } },
  } },
  invites = shape.table { default = {}, fields = {
    deadline = shape.duration { default = "2s", min = 50, max = 60000 },
  } },

  priorities = rows({
    id = id(), name = name_text(), value = shape.integer { min = 0, max = 1000 }, emoji = free_text(), order = order(),
    description = free_text(), default = flag(false), needs_postmortem = flag(false),
    enabled_create = flag(true), enabled_update = flag(true),
    sla = shape.duration { default = "1h" }, reminder_time = shape.duration { default = "1h" },
    response_type = shape.enum { values = { "critical", "normal" }, optional = true },
  }, { "name", "value", "id" }),
  environments = rows({
    id = id(), value = name_text(64), name = name_text(), description = free_text(), order = order(),
    default = flag(false),
  }, { "value", "name", "id" }),
  groups = rows({
    id = id(), name = name_text(), description = free_text(), order = order(),
    categories = rows({
      id = id(), name = name_text(), description = free_text(), order = order(),
      private = flag(false), deploy_warning = flag(true),
    }, { "name", "id" }),
  }, { "name", "id" }),
  roles = rows({
    slug = slug(), name = name_text(), emoji = free_text(), required = flag(false), order = order(),
    summary = free_text(), summary_first_person = free_text(), description = free_text(), aka = free_text(),
  }, { "slug" }),
  milestones = rows({
    event_type = slug(), name = name_text(), summary = free_text(), description = free_text(), order = order(),
    user_editable = flag(true), required = flag(false), asked_for = flag(true),
  }, { "event_type" }),
  metrics = rows({
    type = slug(), code = name_text(32), name = name_text(), description = free_text(), order = order(),
    start = slug(), ["end"] = slug(),
  }, { "type", "code" }),
  impacts = rows({
    value = slug(), name = name_text(), emoji = free_text(), help = free_text(), order = order(),
    levels = shape.list { min = 1, unique = { "value", "id" }, of = shape.table { fields = {
      id = id(), value = shape.enum { values = LEVELS }, name = name_text(), emoji = free_text(), order = order(),
      description = free_text(),
    } } },
  }, { "value" }),
  cost_types = rows({
    name = name_text(), description = free_text(), category = free_text(), default = flag(false), editable = flag(true),
  }, { "name" }),
  -- What a declaration that does not say it is about.
  defaults = shape.table { default = {}, fields = {
    category = shape.string { optional = true, min = 1, max = 260 },
    environment = shape.string { optional = true, min = 1, max = 64 },
  } },
  oncall = rows({
    service = name_text(), level = shape.integer { min = 1, max = 20, default = 1 },
    email = shape.string { pattern = "^[^%s@]+@[^%s@]+$", hint = "must be an e-mail address" },
  }),
  administrators = shape.list { of = name_text(254), default = {}, unique = true, max = 200 },
  custom_fields = rows({
    key = slug(), name = name_text(), help = free_text(),
    type = shape.enum { values = FIELD_TYPES, default = "text" },
    categories = shape.list { of = name_text(260), optional = true },
    min = shape.number { optional = true }, max = shape.number { optional = true },
    choices = shape.list { optional = true, max = 100, unique = { "value" }, of = shape.table { fields = {
      value = slug(), name = name_text(),
    } } },
  }, { "key" }),
  lifecycle = shape.table { default = {}, fields = {
    statuses = labels(),
    transitions = shape.table { default = {}, fields = { normal = transitions(), postmortem = transitions() } },
    closure_reasons = rows({
      value = slug(), label = name_text(40), offered = flag(true),
    }, { "value" }),
    postmortem = shape.table { default = {}, fields = {
      environments = shape.list { of = name_text(64), optional = true, max = 8 },
      document = shape.boolean { optional = true },
    } },
    key_events_below = shape.integer { min = 0, max = 1000, optional = true },
  } },
  -- A schedule's name: false turns it off, a table changes what its file says.
  schedules = shape.map { default = {}, of = shape.choice {
    hint = "must be false or a table",
    of = {
      shape.enum { values = { false } },
      shape.table { fields = {
        every = shape.duration { min = 1000, optional = true }, cron = shape.string { optional = true },
        time_zone = shape.string { optional = true }, args = shape.map { of = shape.any {}, optional = true },
        catch_up = shape.enum { values = { "once", "skip", "all" }, optional = true },
      } },
    },
  } },
}

-- Which rows are the default, as { first, second, ... }.
local function defaults_of(list)
  local found = {}
  for i, row in ipairs(list) do
    if row.default then found[#found + 1] = i end
  end
  return found
end

local function at_most_one_default(list)
  local found = defaults_of(list)
  if #found > 1 then return nil, "has two defaults, items " .. found[1] .. " and " .. found[2] end
  return true
end

-- Without one nothing could be declared.
local function at_least_one(list)
  if #list == 0 then return nil, "needs at least one row" end
  return true
end

function schema.priorities.check(list)
  if #list > 0 and #defaults_of(list) == 0 then return nil, "needs one row with default = true" end
  if #list == 0 then return at_least_one(list) end
  return at_most_one_default(list)
end

function schema.environments.check(list)
  if #list == 0 then return at_least_one(list) end
  return at_most_one_default(list)
end

schema.groups.check = at_least_one

function schema.custom_fields.check(list)
  for _, field in ipairs(list) do
    local is_choice = field.type == "choice" or field.type == "choices"
    if is_choice and #(field.choices or {}) == 0 then return nil, 'field "' .. field.key .. '" needs its choices' end
    if field.min and field.max and field.min > field.max then
      return nil, 'field "' .. field.key .. '" has a min above its max'
    end
  end
  return true
end

function schema.impacts.check(list)
  for _, impact in ipairs(list) do
    local has_none = false
    for _, level in ipairs(impact.levels) do has_none = has_none or level.value == "NO" end
    if not has_none then
      return nil, 'impact "' .. impact.value .. '" needs a level "NO": the form chooses it when nothing is hit'
    end
  end
  return true
end

return schema
