"""The room services: what Jitsi does in Prosody's Lua modules, as one component beside Prosody.

One stream (``rooms.D``) speaks for all of them, since clients take messages from any address that the clients' domain
names in its disco identities; breakout rooms are addressed at their own host, whose tap hands the commands on. The
services know rooms through the tap alone (``pyjitsi/prosody/mod_muc_meet_rooms.lua``), enter none, and keep what they
remember with the room in Prosody: this process may end and come back while people talk.
"""
