-- Banned for the meeting. Anonymous people have a new address at each log-in, so a ban is of the person where the
-- session has an identity, else of browser and network address: in one office two people with the same browser may be
-- taken for each other, and a moderator lifts the ban then (affiliation "none"). It ends with the room.
--
-- Whoever is kicked is nobody any more: a member knocks again, a moderator comes back as a participant.
--
-- On a host of lobbies or breakout rooms `meet_conference` names where the meeting, and so its bans, is.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local jid_host = require "util.jid".host;
local jid_join = require "util.jid".join;
local jid_node = require "util.jid".node;
local net = require "util.net";
local modulemanager = require "core.modulemanager";

local focus = module:get_option_string("meet_focus");
local conference = module:get_option_string("meet_conference");
local services = module:get_option_set("meet_services_enter", {});

local function remember_browser(event)
	event.session.meet_browser = event.request.headers.user_agent;
end
module:hook_global("websocket-session", remember_browser);
module:hook_global("bosh-session", remember_browser);

-- IPv4 may come mapped into IPv6, and an IPv6 network of 64 bits is one household's. Loopback is a proxy that doesn't
-- say for whom it asks.
local mapped = ("\0"):rep(10) .. "\255\255";
local function network_of(session)
	local packed = session.ip and net.pton(session.ip);
	if packed and packed:sub(1, 12) == mapped then
		packed = packed:sub(13);
	end
	if not packed or packed:byte() == 127 and #packed == 4 or packed == ("\0"):rep(15) .. "\1" then
		return nil;
	end
	return packed:sub(1, 8);
end

local function traits_of(session)
	local user = session.meet_identity and session.meet_identity.user or {};
	return {
		-- Products that give no id give an address of mail (Rocket.Chat, Moodle).
		identity = user.id or user.email;
		network = network_of(session);
		browser = session.meet_browser or "";
	};
end

local function is_same(banned, other)
	if banned.identity and other.identity then
		return banned.identity == other.identity;
	end
	return banned.network ~= nil and banned.network == other.network and banned.browser == other.browser;
end

local function meeting_of(room)
	if not conference then
		return room;
	end
	local muc = modulemanager.get_module(conference, "muc");
	return muc and muc.get_room_from_jid(jid_join(jid_node(room.jid), conference));
end

module:hook("muc-occupant-pre-join", function(event)
	local from, meeting = event.stanza.attr.from, meeting_of(event.room);
	local bans, session = meeting and meeting.meet_bans, prosody.full_sessions[from];
	if not bans or not session or meeting:get_affiliation(from) == "owner" or services:contains(jid_host(from)) then
		return nil;
	end
	local traits = traits_of(session);
	for _, banned in pairs(bans) do
		if is_same(banned, traits) then
			event.origin.send(st.error_reply(event.stanza, "auth", "forbidden", "Banned from this meeting"));
			return true;
		end
	end
end, 30);

if conference then
	return;
end

module:hook("muc-set-affiliation", function(event)
	local room = event.room;
	room.meet_bans = room.meet_bans or {};
	room.meet_bans[event.jid] = nil;
	local user = event.affiliation == "outcast" and prosody.bare_sessions[event.jid];
	for _, session in pairs(user and user.sessions or {}) do
		room.meet_bans[event.jid] = traits_of(session);
	end
end);

module:hook("muc-broadcast-presence", function(event)
	local room, bare = event.room, event.occupant.bare_jid;
	if event.occupant.role ~= nil or bare == focus or jid_bare(event.actor) == bare then
		return;
	end
	for status in event.x:childtags("status") do
		if status.attr.code == "301" then
			-- Standard clients know of kicks alone, and would take a ban for a fault of the network.
			event.x:add_direct_child(st.stanza("status", { code = "307" }));
			return;
		elseif status.attr.code == "307" and room:get_affiliation(bare) then
			room:set_affiliation(true, bare, "none");
			return;
		end
	end
end);
