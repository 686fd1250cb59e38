-- How many may be in a meeting, how long it may last, and how fast its password may be guessed. The focus sets a
-- meeting's own limits by the owner's form (mod_muc_meet_declared); the host's options hold for all others.

local async = require "util.async";
local json = require "util.json";
local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local jid_host = require "util.jid".host;
local now = require "util.time".now;
local bucket = module:require "meet_bucket";

local JITMEET = "http://jitsi.org/jitmeet";
local MUC = "http://jabber.org/protocol/muc";

local focus = module:get_option_string("meet_focus");
local services = module:get_option_set("meet_services_enter", {});
local max_occupants = module:get_option_number("meet_max_occupants", 0); -- 0 is no limit
local max_duration = module:get_option_number("meet_max_duration", 0); -- seconds
local warning = module:get_option_number("meet_duration_warning", 300); -- seconds before the end
-- A typing error now and then is no attack; four digits would fall in minutes without this.
local guesses_per_second = module:get_option_number("meet_guesses_per_second", 0.5);
local guess_burst = module:get_option_number("meet_guess_burst", 20);

local muc = module:depends "muc";

local function is_person(bare)
	return bare ~= focus and not services:contains(jid_host(bare));
end

-- Last of all checks: whoever may not enter anyhow doesn't learn how many are inside.
module:hook("muc-occupant-pre-join", function(event)
	local room, limit = event.room, event.room._data.meet_max_occupants or max_occupants;
	if limit == 0 or not is_person(jid_bare(event.stanza.attr.from)) or not event.is_first_session then
		return nil;
	end
	local inside = 0;
	for _, occupant in room:each_occupant() do
		inside = inside + (is_person(occupant.bare_jid) and 1 or 0);
	end
	if inside >= limit then
		event.origin.send(st.error_reply(event.stanza, "cancel", "service-unavailable", "The room is full", room.jid));
		return true;
	end
end, -30);

-- Duration. `ends` is the epoch's second at which the room is over; a later one set meanwhile replaces it.

-- Standard clients show this in their chat.
local function warn(room, seconds)
	local minutes = math.max(1, math.floor(seconds / 60 + 0.5));
	local text = ("This meeting ends in %d minute%s."):format(minutes, minutes == 1 and "" or "s");
	for _, occupant in room:each_occupant() do
		for address in occupant:each_session() do
			module:send(st.message({ from = room.jid, to = address }):tag("json-message", { xmlns = JITMEET }):text(
				json.encode { type = "system_chat_message", message = text, displayName = "", ends = room._data.meet_ends }));
		end
	end
end

local function watch(room)
	local ends = room._data.meet_ends;
	local function is_over()
		return muc.get_room_from_jid(room.jid) ~= room or room._data.meet_ends ~= ends;
	end
	local left = ends - now();
	module:add_timer(math.max(0, left - warning), function()
		if not is_over() and ends > now() then
			warn(room, ends - now());
		end
	end);
	module:add_timer(math.max(0, left), function()
		if not is_over() then
			room:set_persistent(false);
			room:destroy(nil, "Scheduled conference duration exceeded.");
		end
	end);
end

module:hook("muc-room-created", function(event)
	if max_duration > 0 and not event.room._data.meet_ends then
		event.room._data.meet_ends = now() + max_duration;
		watch(event.room);
	end
end);

module:hook("meet-ends", function(event)
	event.room._data.meet_ends = event.ends;
	if event.ends then
		watch(event.room);
	end
end);

-- Guesses of the password, of everybody together: they wait in one queue, and right answers with them.
module:hook("presence/full", function(event)
	local origin, stanza = event.origin, event.stanza;
	local muc_x = stanza.attr.type == nil and stanza:get_child("x", MUC);
	local given = muc_x and muc_x:get_child_text("password", MUC);
	local room = given and given ~= "" and muc.get_room_from_jid(jid_bare(stanza.attr.to));
	local password = room and room:get_password();
	if not password or room:get_occupant_by_real_jid(stanza.attr.from) or not async.ready() then
		return nil;
	end
	room.meet_guesses = room.meet_guesses or bucket.new(guesses_per_second, guess_burst);
	local wait = 0;
	if given ~= password or room.meet_guesses.level < 0 then
		wait = room.meet_guesses:take();
	end
	if wait > 30 then
		origin.send(st.error_reply(stanza, "wait", "resource-constraint", "Too many wrong passwords", room.jid));
		return true;
	elseif wait > 0 then
		async.sleep(wait);
		if origin.destroyed then
			return true;
		end
	end
end, 95);
