-- What may be said in a room: chat, private chat and reactions, where a moderator restricted them (room metadata
-- `permissions`, kept here as flags by mod_muc_meet_rooms). How long it may be is mod_meet_untrusted's.
--
-- Moderators may all the same, and whoever logged in with the feature. A private word to a moderator is always free.

local st = require "util.stanza";
local json = require "util.json";
local modulemanager = require "core.modulemanager";

local JITMEET = "http://jitsi.org/jitmeet";
local conference = module:get_option_string("meet_conference", module.host);

local breakouts = module:shared("/*/meet_rooms/breakouts");

-- A breakout room is under its main room's rules.
local function flags_of(room)
	local breakout = breakouts[room.jid];
	local muc = breakout and modulemanager.get_module(conference, "muc");
	local main = muc and muc.get_room_from_jid(breakout.main);
	return (main or room)._data.meet_flags or {};
end

local function may(occupant, address, feature)
	local session = prosody.full_sessions[address];
	local identity = session and session.meet_identity;
	if type(identity) == "table" and type(identity.features) == "table" then
		return identity.features[feature] == true or identity.features[feature] == "true";
	end
	return occupant.role == "moderator";
end

local function refuse(event, text)
	event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed", text));
	return true;
end

-- Text, or what changes a text that was sent before.
local function is_chat(stanza)
	if stanza:get_child("body") then
		return true;
	end
	local ok, message = pcall(json.decode, stanza:get_child_text("json-message", JITMEET) or "null");
	return ok and type(message) == "table" and message.type == "editChat";
end

module:hook("muc-occupant-groupchat", function(event)
	local stanza, occupant = event.stanza, event.occupant;
	if not occupant then
		return nil;
	end
	local flags = flags_of(event.room);
	local address = stanza.attr.from;
	if flags.groupChatRestricted and is_chat(stanza) and not may(occupant, address, "send-groupchat") then
		return refuse(event, "Chat is the moderators' here");
	elseif flags.reactionsRestricted and stanza:get_child("reactions", "urn:xmpp:reactions:0")
		and occupant.role ~= "moderator" then
		return refuse(event, "Reactions are switched off here");
	end
end, 100);

module:hook("muc-private-message", function(event)
	local stanza, room = event.stanza, event.room;
	local occupant = room:get_occupant_by_nick(stanza.attr.from);
	local target = room:get_occupant_by_nick(stanza.attr.to);
	if flags_of(room).privateChatRestricted and is_chat(stanza)
		and not (occupant and occupant.role == "moderator") and not (target and target.role == "moderator") then
		refuse(event, "Private chat is with moderators here");
		return false;
	end
end, 100);
