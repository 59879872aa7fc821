/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The scripts that Redis runs, each as one: nobody sees, and no kill leaves, half of what a script does; the file that
 * the server keeps has its effects between MULTI and EXEC.
 */
#include "engine_redis.h"

/*
 * Adds a message, unless its identity is known. Redis has nothing for that; a highest position for each ring would take
 * for known what comes late (delivered again after its consumer died), so each position has a bit, written after the
 * entry. A page of bits goes when it was left alone for dedup to 2 * dedup: so each is remembered for dedup at least.
 *     KEYS stream, page, meta   ARGV bit, dedup ms, most messages, most bytes, host, id, tags, data
 *     its place; 1: it is known; 2: the stream is full
 */
const char redis_lua_publish[] =
	"if redis.call('GETBIT', KEYS[2], ARGV[1]) == 1 then return 1 end\n"
	"local messages, bytes = tonumber(ARGV[3]), tonumber(ARGV[4])\n"
	"if messages > 0 and redis.call('XLEN', KEYS[1]) >= messages then return 2 end\n"
	"if bytes > 0 and tonumber(redis.call('HGET', KEYS[3], 'bytes') or 0) + #ARGV[8] > bytes then return 2 end\n"
	"local place = redis.call('XADD', KEYS[1], '*', 'host', ARGV[5], 'id', ARGV[6], 'tags', ARGV[7], 'data', ARGV[8])\n"
	"if bytes > 0 then redis.call('HINCRBY', KEYS[3], 'bytes', #ARGV[8]) end\n"
	"redis.call('SETBIT', KEYS[2], ARGV[1], 1)\n"
	"if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[2], 2 * ARGV[2]) end\n"
	"return place\n";

/*
 * Ends messages that were fetched: "0" done: acknowledged, and out of the stream unless that keeps them; "1" not for
 * this consumer; "2" is to come again: counts as idle for so many milliseconds, if nobody else has it by now.
 *     KEYS stream, meta   ARGV group, consumer, keep, then for each: how, place, number
 */
const char redis_lua_end[] =
	"local group, consumer, keep, gone = ARGV[1], ARGV[2], ARGV[3] == '1', 0\n"
	"for i = 4, #ARGV, 3 do\n"
	"  local how, place, number = ARGV[i], ARGV[i + 1], ARGV[i + 2]\n"
	"  if how == '2' then\n"
	"    if #redis.call('XPENDING', KEYS[1], group, place, place, 1, consumer) > 0 then\n"
	"      redis.call('XCLAIM', KEYS[1], group, consumer, 0, place, 'IDLE', number, 'JUSTID')\n"
	"    end\n"
	"  else\n"
	"    redis.call('XACK', KEYS[1], group, place)\n"
	"    if how == '0' and not keep and redis.call('XDEL', KEYS[1], place) == 1 then gone = gone + number end\n"
	"  end\n"
	"end\n"
	"if gone > 0 then redis.call('HINCRBY', KEYS[2], 'bytes', -gone) end\n"
	"return 0\n";

/*
 * Makes the stream and, for who fetches, the group, as far as they are not there; what there is wins.
 *     KEYS stream, meta   ARGV messages, bytes, dedup ms, keep, memory, group ("": exports), from ("": any)
 *     the first five as they are, from
 */
const char redis_lua_make[] =
	"local stream, meta, group, from = KEYS[1], KEYS[2], ARGV[6], ARGV[7]\n"
	"if redis.call('EXISTS', meta) == 0 then\n"
	"  redis.call('HSET', meta, 'most-messages', ARGV[1], 'most-bytes', ARGV[2], 'dedup-ms', ARGV[3],\n"
	"    'keep', ARGV[4], 'memory', ARGV[5], 'bytes', 0)\n"
	"end\n"
	"local is = redis.call('HMGET', meta, 'most-messages', 'most-bytes', 'dedup-ms', 'keep', 'memory')\n"
	"if group == '' then is[6] = ''; return is end\n"
	"local there = false\n"
	"local groups = redis.call('EXISTS', stream) == 1 and redis.call('XINFO', 'GROUPS', stream) or {}\n"
	"for _, g in ipairs(groups) do\n"
	"  if g[2] == group then there = true\n"
	"  elseif is[4] == '0' then\n"
	"    local other = redis.call('HGET', meta, 'from:' .. g[2]) or ''\n"
	"    if from == '' or other == '' or other == from then\n"
	"      return redis.error_reply('MAAR ' .. g[2] .. ' consumes what this stream has: it was not made to keep')\n"
	"    end\n"
	"  end\n"
	"end\n"
	"redis.call('HSETNX', meta, 'from:' .. group, from)\n"
	"if not there then redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM') end\n"
	"is[6] = redis.call('HGET', meta, 'from:' .. group)\n"
	"return is\n";

/*
 * Which messages of a host lie after a place: without what is in them.
 *     KEYS stream   ARGV place, host, how many at once
 *     how many were looked at, the last one's place, and place and id of each of the host's
 */
const char redis_lua_look[] = "local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[3])\n"
			      "local out = {}\n"
			      "for _, entry in ipairs(entries) do\n"
			      "  local host, id\n"
			      "  for i = 1, #entry[2], 2 do\n"
			      "    if entry[2][i] == 'host' then host = entry[2][i + 1] end\n"
			      "    if entry[2][i] == 'id' then id = entry[2][i + 1] end\n"
			      "  end\n"
			      "  if host == ARGV[2] and id then out[#out + 1] = entry[1]; out[#out + 1] = id end\n"
			      "end\n"
			      "return { #entries, #entries > 0 and entries[#entries][1] or ARGV[1], out }\n";
