---@meta engine.websocket
-- Made from the sources by `make docs`; do not edit.

--- Connections that carry messages both ways. Who connects again, and when, is the script's business.
---@class engine.websocket
local M = {}

--- Opens a connection. Certificates are verified; a proxy of the environment is used. (waits)
---@param options {url: string, headers: table<string, string>?, timeout: string?, ping: string?, max_bytes: integer?} url: ws:// or wss://; timeout: "15s", until it is open; ping: "20s", how long it may be quiet before the other side is asked for a sign of life; max_bytes: of one received message, 1 MiB
---@return engine.Socket|nil socket
---@return Error|nil err codes: timeout, network, unavailable (the server refused), invalid
function M.connect(options) end

--- Waits for the next message. What came before a connection ended is still received. A task that is ended while it waits takes no message with it. (waits)
---@param socket engine.Socket
---@param timeout string|nil "10s"; none: as long as it takes
---@return string|nil message
---@return Error|nil err codes: timeout; closed (a side said good-bye), network, limit: it has ended
function M.receive(socket, timeout) end

--- Sends a message of text.
---@param socket engine.Socket
---@param text string UTF-8
---@return true|nil sent handed over, which is not yet arrived
---@return Error|nil err codes: closed, network, limit (4 MiB wait already)
function M.send(socket, text) end

--- Says good-bye; the connection ends when the other side has answered. Messages that come until then can still be received, but nothing can be sent any more.
---@param socket engine.Socket
---@param status integer? 1000
---@param reason string? at most 123 bytes
function M.close(socket, status, reason) end

--- Ends a connection without a word, as a broken network does.
---@param socket engine.Socket
function M.abort(socket) end

--- Gives a connection a name, by which scripts that are loaded later find it: it outlives a reload. Whatever had the name before loses it. nil takes the name away. A connection that has a name and from which nobody has received for ten seconds is closed.
---@param socket engine.Socket
---@param name string|nil
function M.keep(socket, name) end

--- The connection that has the name.
---@param name string
---@return engine.Socket|nil socket nil when it has ended
function M.kept(name) end

return M
