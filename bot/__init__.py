"""Parley: a Dify Completion app in the chats people already use."""
