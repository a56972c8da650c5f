---@meta engine.html
-- Made from the sources by `make docs`; do not edit.

--- HTML that is escaped by construction: only html.raw says otherwise.
---@class engine.html
local M = {}

--- Escapes a text for use in HTML, also within attributes.
---@param text string
---@return string html
function M.escape(text) end

--- Takes a text as HTML as it is: for what is known to be safe.
---@param text string
---@return html.Node node
function M.raw(text) end

--- Makes an element. Texts are escaped; a list counts as its nodes; nil and false are left out.
---@param tag string "div"
---@param attributes table<string, string|number|boolean>|nil true: an attribute without a value, false: none. Event handlers ("onclick") and script addresses ("javascript:") are refused.
---@param ... any the nodes within: texts, numbers, elements, html.raw, lists of them
---@return html.Node node
function M.element(tag, attributes, ...) end

--- A place in an element that html.template fills: a node, or the value of an attribute.
---@param name string "title"
---@return html.Node hole
function M.hole(name) end

--- Makes a function of an element with holes: fill{title = "..."} is the element with what the table gives for each hole, as html.element would have taken it. The frame of a row of a long list is so built once and not for each row.
---@param node html.Node
---@return function fill a hole for which nothing is given is an error (false: nothing)
function M.template(node) end

--- The text of a node or of a list of nodes.
---@param node any
---@return string html
function M.render(node) end

--- The text of a whole document, with its document type.
---@param node any the <html> element
---@return string html
function M.document(node) end

return M
