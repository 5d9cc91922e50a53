"""Words that common passwords are made of, in lower case: those of leaked lists, names of ours, and keyboard rows."""

from __future__ import annotations

_COMMON = """
password passwort passw pass passphrase login logon signin welcome willkommen letmein default changeme change
changeit temp temporary secret geheim private access admin administrator root user username guest demo test testing
tester sample example master super superuser superman batman spiderman ironman starwars pokemon naruto minecraft
fortnite roblox dragon monkey tiger lion eagle panda kitty puppy buddy princess angel love lover loveyou iloveyou
ilove iloveu sweet sweetheart honey sunshine rainbow flower butterfly summer winter spring autumn fall hello hallo
hola hi goodbye football baseball basketball soccer hockey liverpool arsenal chelsea barcelona juventus yankees
cowboys jordan michael michelle jessica jennifer ashley daniel thomas andrew charlie robert william matthew anthony
joshua nicole amanda hunter ranger killer shadow phoenix mustang ferrari porsche mercedes harley corvette yamaha
computer internet google facebook twitter apple samsung microsoft windows office server system network database
monday tuesday wednesday thursday friday saturday sunday january february march april june july august september
october november december cheese cookie chocolate pepper ginger banana orange purple silver golden diamond freedom
whatever trustno trust nothing anything something matrix merlin genius money dollar business company corp inc gmbh
account accounting finance invoice bookkeeping bos erp enter open sesame the my your you me is it and one two three
qwerty qwertz azerty qwertyuiop qwertzuiop azertyuiop asdf asdfgh asdfghjkl zxcv zxcvbn zxcvbnm yxcvbnm qazwsx
qazwsxedc wsxedc onetwothree abc abcd abcdef xyz qwe asd zxc new old
"""
WORDS = frozenset(_COMMON.split())
# What is typed by running a finger over the keys, or by counting; both ways.
RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiopü", "azertyuiop")
# Letters that look like others are no secret.
LOOKALIKES = str.maketrans({"@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "$": "s", "5": "s", "7": "t"})
