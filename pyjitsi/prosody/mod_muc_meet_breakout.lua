-- Who enters a breakout room: only those who were in its main room before, and only rooms that a moderator opened.
-- What one is there one is here: affiliations are the main room's.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local modulemanager = require "core.modulemanager";

local focus = module:get_option_string("meet_focus");
local conference = module:get_option_string("meet_conference");

local breakouts = module:shared("/*/meet_rooms/breakouts");

local function main_of(room)
	local breakout = breakouts[room.jid];
	local muc = modulemanager.get_module(conference, "muc");
	return breakout and muc and muc.get_room_from_jid(breakout.main), breakout;
end

local function refuse(event, text)
	event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed", text));
	return true;
end

-- Whether this session was let into that main room. It is noted on the session, which a resumed stream keeps.
local function has_been_in(session, main)
	local entered = session and session.meet_rooms_entered;
	return entered and entered[main.jid] == main.meet_id;
end

module:hook("muc-occupant-pre-join", function(event)
	local main, breakout = main_of(event.room);
	if not main then
		return refuse(event, "No such breakout room");
	end
	local from = event.stanza.attr.from;
	if jid_bare(from) == focus then
		return nil;
	end
	if not has_been_in(prosody.full_sessions[from], main) then
		return refuse(event, "Only those of the main room enter its breakout rooms");
	end
	local affiliation, flags = main:get_affiliation(from), main._data.meet_flags;
	if flags and flags.breakoutSelfJoinRestricted and affiliation ~= "owner" and affiliation ~= "admin"
		and not (breakout.admitted and breakout.admitted[from]) then
		return refuse(event, "A moderator sends people to breakout rooms here");
	end
	if affiliation == "outcast" then
		return refuse(event, "Banned from the main room");
	end
	event.room:set_affiliation(true, jid_bare(from), affiliation or "none");
	event.occupant.role = event.room:get_default_role(affiliation);
end, 60);

module:hook("muc-disco#info", function(event)
	local main, breakout = main_of(event.room);
	if main then
		table.insert(event.form, { name = "muc#roominfo_isbreakout", label = "Is it a breakout room" });
		event.formdata["muc#roominfo_isbreakout"] = "true";
		table.insert(event.form, { name = "muc#roominfo_breakout_main_room", label = "Its main room" });
		event.formdata["muc#roominfo_breakout_main_room"] = breakout.main;
	end
end);

-- The main room's lobby is the meeting's: a moderator in a breakout room sees who knocks, and opens and closes it.
module:hook("muc-disco#info", function(event)
	local main = main_of(event.room);
	if main and main._data.lobbyroom then
		event.reply.tags[1]:maptags(function(tag)
			return tag.attr.var ~= "muc_open" and tag or nil;
		end);
		event.reply:tag("feature", { var = "muc_membersonly" }):up();
		table.insert(event.form, { name = "muc#roominfo_lobbyroom", label = "Where to wait for being let in" });
		event.formdata["muc#roominfo_lobbyroom"] = main._data.lobbyroom;
	end
end, -10);

module:hook("muc-config-submitted/muc#roomconfig_membersonly", function(event)
	local main = main_of(event.room);
	if main then
		module:context(conference):fire_event("meet-lobby", { room = main, enabled = event.value, actor = event.actor });
	end
	return true; -- the breakout room's own door stays as it is
end, 100);

module:hook("muc-config-form", function(event)
	local main, breakout = main_of(event.room);
	if main then
		table.insert(event.form, {
			name = "muc#roominfo_isbreakout"; type = "boolean"; label = "Is it a breakout room"; value = true;
		});
		table.insert(event.form, {
			name = "muc#roominfo_breakout_main_room"; type = "text-single"; label = "Its main room"; value = breakout.main;
		});
	end
end);
