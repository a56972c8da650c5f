---@meta
-- Made from the bindings by `make docs`; do not edit. Teaches editors the Lua API of Halligan.

--- An expected failure; tostring() gives the message.
---@class Error
---@field code string one of docs/errors.md
---@field message string
---@field retryable boolean
---@field status? integer a vendor's HTTP status
---@field field? string which argument was wrong
---@field retry_after_ms? integer
---@field outcome? "unknown"|"not_sent"

--- Who does it.
---@class Actor
---@field person? string the person's id
---@field source? string "chat", "web", "script"
---@field sees_private? boolean

--- the operator's config, checked, with its defaults; read-only.
---@class engine.config
local config = {}

--- digests, comparison in constant time, random values.
---@class engine.crypto
local crypto = {}

--- HMAC-SHA256.
---@param key string
---@param data string raw bytes
---@return string # digest 64 lower-case hex digits
function crypto.hmac_sha256_hex(key, data) end

--- SHA-256.
---@param data string raw bytes
---@return string # digest 64 lower-case hex digits
function crypto.sha256_hex(data) end

--- Whether two texts are the same, in a time that does not tell where they differ.
---@param a string
---@param b string
---@return boolean # is_equal
function crypto.equal(a, b) end

--- Random bytes from the system's generator.
---@param bytes integer 1 to 64
---@return string # digits two hex digits a byte
function crypto.random_hex(bytes) end

--- A random (version 4) UUID.
---@return string # uuid 36 characters
function crypto.uuid() end

--- Base64 with padding, as headers and Basic authentication need it.
---@param data string raw bytes
---@return string # text
function crypto.base64(data) end

--- HTML that is escaped by construction: only html.raw says otherwise. A node is a table that holds finished HTML, so that a page is built from the leaves up.
---@class engine.html
local html = {}

--- Escapes a text for use in HTML, also within attributes.
---@param text string
---@return string # html
function html.escape(text) end

--- Takes a text as HTML as it is: for what is known to be safe.
---@param text string
---@return html.Node # node
function html.raw(text) end

--- Makes an element. Texts are escaped; a list counts as its nodes; nil and false are left out.
---@param tag string "div"
---@param attributes table<string, string|number|boolean>|nil true: an attribute without a value, false: none. Event handlers ("onclick") and script addresses ("javascript:") are refused.
---@param ... any the nodes within: texts, numbers, elements, html.raw, lists of them
---@return html.Node # node
function html.element(tag, attributes, ...) end

--- The text of a node or of a list of nodes.
---@param node any
---@return string # html
function html.render(node) end

--- The text of a whole document, with its document type.
---@param node any the <html> element
---@return string # html
function html.document(node) end

--- requests to the outside. One request a call; no redirects, no retries: what an answer means is the script's business.
---@class engine.http
local http = {}

--- Sends a request and waits for the whole answer, whatever its status.
---@param options {method: string?, url: string, headers: table<string, string>?, body: string?, form: table<string, string|number|boolean>?, json: any?, timeout: string?, max_bytes: integer?} method: "GET"; one of body, form and json; timeout: "15s", two minutes at most; max_bytes: of the answer, 16 MiB
---@return {status: integer, headers: table<string, string>, body: string}|nil # response header names in lower case
---@return Error|nil # err err.outcome is "not_sent", or "unknown" when the request may have arrived; codes: timeout, network, limit, closed, invalid
function http.request(options) end

--- facts of the running engine: version, base_url, generation, started_at_ms. Looked up when they are read.
---@class engine.info
local info = {}

--- asks the invite strategies, in the jail.
---@class engine.invites
local invites = {}

--- Asks every invite strategy of the current scripts who is needed; for a private incident only those that say `private = true`. A strategy that fails is named in `runs` and does not keep the others' people out.
---@param incident table as incidents.get gives it
---@return {people:table[], runs:table[], notes:table[]}|nil # people: {person_id, strategy, reason, source_line}; runs: {strategy, state, error, duration_ms, people}; notes: {strategy, text}, what was named but does not exist; nil and an error when nobody could be asked
function invites.collect(incident) end

--- JSON text for scripts. Integers stay integers, an empty list stays a list, errors name the place. Reading and writing are jansson's: it keeps 64-bit integers and tells an empty list from an empty object, which lua-cjson does not.
---@class engine.json
local json = {}

--- Reads JSON text. Members that are null are left out of objects; within lists they are json.null. A number that is whole becomes an integer, also when it was written 5.0.
---@param text string
---@return any|nil # value
---@return Error|nil # err code "syntax": not JSON, or not UTF-8; "limit": nested too deeply
function json.decode(text) end

--- Writes a value as JSON text, members in the order of their names. Throws, naming the path, for what has no JSON form: functions, NaN, bytes that are no UTF-8, lists with gaps, tables with both numbers and names as keys, tables that contain themselves.
---@param value any tables, texts, numbers, booleans, json.null; an empty table is an object unless json.array marked it
---@param options {pretty: boolean?}|nil pretty: over several lines
---@return string # text
function json.encode(value, options) end

--- Marks a table as a list, so that it is written as [] also when it is empty.
---@param list table|nil an empty one when absent
---@return table # list the same table
function json.array(list) end

--- the kernel's operations for scripts, by name; and the modules that hold those of one subject (incidents.declare is kernel.call("incident.declare")). A call is one transaction; its answer is here after the commit.
---@class engine.kernel
local kernel = {}

--- Carries out one of the kernel's operations.
---@param name string "incident.declare"; see the list of operations
---@param args table|nil its arguments; an unknown one is an error
---@param actor Actor|nil who does it; nil: the engine itself, which sees private incidents
---@return any|nil # answer
---@return Error|nil # err
function kernel.call(name, args, actor) end

--- the vendors' budgets: token buckets by name. A caller waits a short while for its token or is told when to come.
---@class engine.limits
local limits = {}

--- Takes one token of a budget, made with these numbers when it is first seen.
---@param name string "chat.postMessage:C1"
---@param options {per_minute: number, burst: number?, wait: string?} burst: how many at once (1); wait: how long to queue ("10s")
---@return true|nil # taken
---@return Error|nil # err code "rate_limited", with err.retry_after_ms
function limits.take(name, options) end

--- The vendor said "not before": nobody gets a token of this budget for that long. Survives a restart.
---@param name string
---@param duration string|integer "30s", or milliseconds
function limits.block(name, duration) end

--- one line an event, with the script's file and line in front. Never log a secret.
---@class engine.log
local log = {}

--- Logs for those who look for a mistake.
---@param message any
---@param fields table<string, any>|nil named values; `incident` is the incident's id
function log.debug(message, fields) end

--- Logs what an operator may want to know.
---@param message any
---@param fields table<string, any>|nil named values; `incident` is the incident's id
function log.info(message, fields) end

--- Logs what an operator should look at some day.
---@param message any
---@param fields table<string, any>|nil named values; `incident` is the incident's id
function log.warn(message, fields) end

--- Logs what an operator should look at now.
---@param message any
---@param fields table<string, any>|nil named values; `incident` is the incident's id
function log.error(message, fields) end

--- which task runs when, as the current scripts say.
---@class engine.schedule
local schedule = {}

--- The schedules that are on.
---@return {name: string, task: string, every_ms: integer?, cron: string?, time_zone: string, catch_up: string, args: table, about: string}[] # rows
function schedule.list() end

--- values that scripts keep, by scope and key: any JSON, for a while or for good. Each call is one transaction.
---@class engine.store
local store = {}

--- Reads a value.
---@param scope string whose values they are, such as "draft"
---@param key string
---@return any|nil # value nil when there is none, or its time is over
---@return Error|nil # err
function store.get(scope, key) end

--- Keeps a value; an older one is replaced.
---@param scope string
---@param key string
---@param value any what JSON can say
---@param options {ttl: string?}|nil ttl: how long it is kept, "30m"; for good when absent
---@return true|nil # done once it is on disk
---@return Error|nil # err
function store.put(scope, key, value, options) end

--- Keeps a value only where there is none: the first caller wins.
---@param scope string
---@param key string
---@param value any what JSON can say
---@param options {ttl: string?}|nil ttl: how long it is kept, "30m"; for good when absent
---@return boolean|nil # is_new false: there was one already
---@return Error|nil # err
function store.put_new(scope, key, value, options) end

--- Forgets a value.
---@param scope string
---@param key string
---@return true|nil # done also when there was none
---@return Error|nil # err
function store.delete(scope, key) end

--- work side by side. The pattern of all bindings that wait: see task.h.
---@class engine.task
local task = {}

--- Waits. For seconds, not for minutes: what must survive a restart is a job with a delay.
---@param duration string|integer "100ms", "2s", or milliseconds
function task.sleep(duration) end

--- Runs a function in a task of its own, beside the caller. Its errors are logged.
---@param fn function what to run, with the other arguments
---@param ... any
---@return integer # id of the task, for task.join
function task.spawn(fn, ...) end

--- Waits until a task has ended.
---@param id integer from task.spawn
---@return true|nil # done also for a task that ended long ago
---@return Error|nil # err why the task failed
function task.join(id) end

--- Runs functions side by side and waits for all of them.
---@param functions function[] at most 1000
---@return any[]|nil # results the first result of each
---@return Error|nil # err of the one that threw (the others are ended), or that answered nil and an error
function task.all(functions) end

--- Runs functions side by side; the first to end wins, the others are ended.
---@param functions function[] at most 1000
---@return any # first what the winner returns
---@return any # second
function task.race(functions) end

--- text as people see it: counted and cut in whole characters.
---@class engine.text
local text = {}

--- Counts code points; a byte that is no UTF-8 counts as one.
---@param text string
---@return integer # count
function text.length(text) end

--- Whether a text is valid UTF-8.
---@param text string
---@return boolean # is_valid
function text.is_utf8(text) end

--- Shortens a text to whole characters: an emoji with its skin tone, a family, a flag, a letter with its accent are kept or dropped as one.
---@param text string
---@param max integer the most code points, those of the ellipsis included
---@param ellipsis string|nil put at the end when something was cut; "" when absent
---@return string # text
function text.cut(text, max, ellipsis) end

--- Makes foreign bytes a clean text: bytes that are no UTF-8 become U+FFFD, control characters but newline and tab go.
---@param text string
---@return string # text valid UTF-8
function text.clean(text) end

--- now, zones, durations. Instants are epoch milliseconds; zones are IANA names.
---@class engine.time
local time = {}

--- The time of day, UTC epoch milliseconds.
---@return integer # ms
function time.now_ms() end

--- A clock that only goes forward, in milliseconds; for measuring.
---@return integer # ms
function time.mono_ms() end

--- Writes an instant as people of a zone do.
---@param ms integer epoch milliseconds
---@param pattern string "%Y-%m-%d %H:%M"; Y m d e H M S j u A a B b Z z as in strftime
---@param zone string|nil "Europe/Paris"; UTC when absent
---@return string # text
function time.format(ms, pattern, zone) end

--- The local date and time of an instant.
---@param ms integer epoch milliseconds
---@param zone string|nil UTC when absent
---@return {year: integer, month: integer, day: integer, hour: integer, minute: integer, second: integer, weekday: integer, yearday: integer, offset_s: integer, abbrev: string} # date weekday: 0 is Sunday
function time.to_local(ms, zone) end

--- The instant of a local date and time.
---@param date {year: integer, month: integer, day: integer, hour: integer?, minute: integer?, second: integer?} may be out of range and carries over: day 0 is the last of the month before
---@param zone string|nil UTC when absent
---@return integer # ms a time that the zone leaves out in spring moves forward; of one that it has twice in autumn it is the first
function time.from_local(date, zone) end

--- Reads a date and time as ISO 8601 and RFC 3339 write it: "2026-11-23", "2026-11-23T14:02", "2026-11-23 14:02:11.5+01:00", "2026-11-23T14:02:11Z".
---@param text string
---@param zone string|nil of a text that does not name its offset; UTC when absent
---@return integer|nil # ms epoch milliseconds
---@return Error|nil # err code "invalid"
function time.parse(text, zone) end

--- The milliseconds of a duration.
---@param duration string|integer "15m", "2h", or milliseconds
---@return integer # ms
function time.duration(duration) end

--- A duration as people say it: its two largest units, "3 hours and 5 minutes".
---@param ms integer
---@return string # text "an instant" below a second; a negative duration is taken as it is long
function time.humanize(ms) end

--- forms and query strings.
---@class engine.url
local url = {}

--- Reads a form body; of a name that is there twice the last value counts. Bytes that are no UTF-8, and NUL, become U+FFFD.
---@param text string "a=1&b=2"
---@return table<string, string>|nil # fields
---@return Error|nil # err code "limit": more than 1,000 fields or 4 MiB
function url.parse_form(text) end

--- Reads a query string, as url.parse_form does a body.
---@param text string "a=1&b=2", without the question mark
---@return table<string, string>|nil # fields
---@return Error|nil # err code "limit": more than 1,000 fields or 4 MiB
function url.parse_query(text) end

--- Makes a text safe within a URL.
---@param text string
---@return string # text everything but letters, digits and "-._~" as %XX
function url.escape(text) end

--- Writes a form body or a query string, fields in the order of their names.
---@param fields table<string, string|number|boolean>
---@return string # text "a=1&b=2"
function url.encode(fields) end
