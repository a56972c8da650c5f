---@meta engine.crypto
-- Made from the sources by `make docs`; do not edit.

--- Digests, comparison in constant time, random values.
---@class engine.crypto
local M = {}

--- HMAC-SHA256.
---@param key string
---@param data string raw bytes
---@return string digest 64 lower-case hex digits
function M.hmac_sha256_hex(key, data) end

--- SHA-256.
---@param data string raw bytes
---@return string digest 64 lower-case hex digits
function M.sha256_hex(data) end

--- Whether two texts are the same, in a time that does not tell where they differ.
---@param a string
---@param b string
---@return boolean is_equal
function M.equal(a, b) end

--- Random bytes from the system's generator.
---@param bytes integer 1 to 64
---@return string digits two hex digits a byte
function M.random_hex(bytes) end

--- A random (version 4) UUID.
---@return string uuid 36 characters
function M.uuid() end

--- Base64 with padding, as headers and Basic authentication need it.
---@param data string raw bytes
---@return string text
function M.base64(data) end

return M
