/**
 * The scripts that the server runs, each as one step that nothing comes between. An entry is a text: when it was written, in milliseconds of the server's clock,
 * a colon, and the value as MessagePack.
 */

const NOW = `
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
`;

const SET = `
local function set(key, value, keep)
  if keep == '0' then redis.call('SET', key, now .. ':' .. value)
  else redis.call('SET', key, now .. ':' .. value, 'PX', keep) end
end
`;

/** Sets all keys. Arguments: how long to keep them (ms, 0: for ever), and a value for each key. */
export const PUT = `${NOW}${SET}
for index, key in ipairs(KEYS) do set(key, ARGV[index + 1], ARGV[1]) end
return 1
`;

/** Sets a key that has not changed. Arguments: how long to keep it, the value, and the bytes that must be there; without them nothing may be there. Gives 1 or 0. */
export const SWAP = `${NOW}${SET}
local present = redis.call('GET', KEYS[1])
if present ~= (ARGV[3] or false) then return 0 end
set(KEYS[1], ARGV[2], ARGV[1])
return 1
`;

/** Takes a key out. Argument: after how long a value is expired (ms, 0: never). Gives 1 where there was one that was not. */
export const DELETE = `${NOW}
local present = redis.call('GET', KEYS[1])
if not present then return 0 end
redis.call('DEL', KEYS[1])
local writtenAt = tonumber(string.match(present, '^%d+'))
if ARGV[1] ~= '0' and writtenAt and now - writtenAt >= tonumber(ARGV[1]) then return 0 end
return 1
`;
