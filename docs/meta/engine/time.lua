---@meta engine.time
-- Made from the sources by `make docs`; do not edit.

--- Now, zones, durations. Instants are epoch milliseconds; zones are IANA names.
---@class engine.time
local M = {}

--- The time of day, UTC epoch milliseconds.
---@return integer ms
function M.now_ms() end

--- A clock that only goes forward, in milliseconds; for measuring.
---@return integer ms
function M.mono_ms() end

--- Writes an instant as people of a zone do.
---@param ms integer epoch milliseconds
---@param pattern string "%Y-%m-%d %H:%M"; Y m d e H M S j u A a B b Z z as in strftime
---@param zone string|nil "Europe/Paris"; UTC when absent
---@return string text
function M.format(ms, pattern, zone) end

--- Reads a date and time as ISO 8601 and RFC 3339 write it: "2026-11-23", "2026-11-23T14:02", "2026-11-23 14:02:11.5+01:00", "2026-11-23T14:02:11Z".
---@param text string
---@param zone string|nil of a text that does not name its offset; UTC when absent
---@return integer|nil ms epoch milliseconds
---@return Error|nil err code "invalid"
function M.parse(text, zone) end

--- The local date and time of an instant.
---@param ms integer epoch milliseconds
---@param zone string|nil UTC when absent
---@return {year: integer, month: integer, day: integer, hour: integer, minute: integer, second: integer, weekday: integer, yearday: integer, offset_s: integer, abbrev: string} date weekday: 0 is Sunday
function M.to_local(ms, zone) end

--- The instant of a local date and time.
---@param date {year: integer, month: integer, day: integer, hour: integer?, minute: integer?, second: integer?} may be out of range and carries over: day 0 is the last of the month before
---@param zone string|nil UTC when absent
---@return integer ms a time that the zone leaves out in spring moves forward; of one that it has twice in autumn it is the first
function M.from_local(date, zone) end

--- The milliseconds of a duration.
---@param duration string|integer "15m", "2h", or milliseconds
---@return integer ms
function M.duration(duration) end

--- A duration as people say it: its two largest units, "3 hours and 5 minutes".
---@param ms integer
---@return string text "an instant" below a second; a negative duration is taken as it is long
function M.humanize(ms) end

return M
