---@meta engine.text
-- Made from the sources by `make docs`; do not edit.

--- Text as people see it: counted and cut in whole characters.
---@class engine.text
local M = {}

--- Counts code points; a byte that is no UTF-8 counts as one.
---@param text string
---@return integer count
function M.length(text) end

--- Whether a text is valid UTF-8.
---@param text string
---@return boolean is_valid
function M.is_utf8(text) end

--- Shortens a text to whole characters: an emoji with its skin tone, a family, a flag, a letter with its accent are kept or dropped as one.
---@param text string
---@param max integer the most code points, those of the ellipsis included
---@param ellipsis string|nil put at the end when something was cut; "" when absent
---@return string text
function M.cut(text, max, ellipsis) end

--- Makes foreign bytes a clean text: bytes that are no UTF-8 become U+FFFD, control characters but newline and tab go.
---@param text string
---@return string text valid UTF-8
function M.clean(text) end

--- A clean text without the characters that turn the direction of what stands around them (U+202A to U+202E, U+2066 to U+2069); a right-to-left title needs none of them.
---@param text string
---@return string text valid UTF-8
function M.plain(text) end

--- The same on one line: a run of white space is one space, and none is at either end.
---@param text string
---@return string text valid UTF-8
function M.line(text) end

return M
