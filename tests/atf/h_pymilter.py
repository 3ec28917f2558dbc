#! /usr/bin/env python3
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_pymilter.py - the filter of h_libmilter_edit.c once more, over pymilter.
# Owns:      edits at end of message, verdicts by stage, a log of all it saw.
# Called by: h_milters.sh.
# Must not:  know whether an MTA or the daemon is at the other end.
#
# usage: h_pymilter.py -p SPEC [-l LOG] [-s SCRIPT]; the script's lines are
# those of h_libmilter_edit.c, without w.

import getopt
import os
import sys
import threading

import Milter

MACROS = ("j _ v {daemon_name} {daemon_addr} {client_addr} {client_name} "
          "{client_ptr} {if_name} {if_addr} {tls_version} {cipher} "
          "{cert_subject} {auth_type} {auth_authen} {auth_author} i "
          "{mail_mailer} {mail_host} {mail_addr} {rcpt_mailer} {rcpt_host} "
          "{rcpt_addr} {msg_id}").split()
WORDS = {"accept": Milter.ACCEPT, "reject": Milter.REJECT,
         "tempfail": Milter.TEMPFAIL, "discard": Milter.DISCARD,
         "skip": Milter.SKIP}

log = None
lock = threading.Lock()
sessions = 0
edits = []                      # (letter, part of a sender, argument)
rules = []                      # (stage, text, action)


def printable(data):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else "\\x%02x" % c
                   for c in data)


def text(data):
    return data.decode("utf-8", "surrogateescape") \
        if isinstance(data, bytes) else data


def read_script(path):
    only = None
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            line = line.rstrip("\n")
            if line == "" or line[0] == "#":
                continue
            letter, arg = line[0], line[2:].replace("\\n", "\n")
            if letter == "W":
                only = arg
            elif letter == "v":
                place, action = arg.split("=", 1)
                stage, _, part = place.partition(":")
                rules.append((stage, part, action))
            else:
                edits.append((letter, only, arg))


class Edit(Milter.Base):

    def __init__(self):
        global sessions
        with lock:
            sessions += 1
            self.number = sessions
        self.sender = ""
        self.forget()

    def forget(self):
        self.content = []
        self.length = 0
        self.hash = 0xcbf29ce484222325

    def note(self, stage, *args, macros=True):
        line = "s%d %s" % (self.number, stage)
        for a in args:
            line += " <" + printable(a) + ">"
        for name in MACROS if macros else ():
            value = self.getsymval(name)
            if value is not None:
                line += " " + name + "=" + printable(value)
        with lock:
            if log is not None:
                log.write(line + "\n")
                log.flush()

    def verdict(self, stage, what):
        for at, part, action in rules:
            if at != stage or part not in text(what):
                continue
            if action in WORDS:
                return WORDS[action]
            if action == "progress":
                self.progress()
                return Milter.CONTINUE
            words = action.split(" ", 2)
            lines = words[2].split("|")
            self.setreply(words[0], words[1], *lines)
            return Milter.TEMPFAIL if words[0][0] == "4" else Milter.REJECT
        return Milter.CONTINUE

    def negotiate(self, opts):
        self.note("negotiate", "actions=%#x protocol=%#x" %
                  (opts[0], opts[1]), macros=False)
        self._actions = opts[0]
        # Every event, with an answer.
        opts[1] = opts[2] = opts[3] = 0
        return Milter.CONTINUE

    def connect(self, hostname, family, hostaddr):
        # The client's port differs from run to run.
        address = hostaddr[0] if isinstance(hostaddr, tuple) else "-"
        self.note("connect", hostname, address)
        return self.verdict("connect", hostname)

    def hello(self, hostname):
        self.note("helo", hostname)
        return self.verdict("helo", hostname)

    def envfrom_bytes(self, *args):
        self.forget()
        self.sender = text(args[0])
        self.note("mail", *args)
        return self.verdict("mail", args[0])

    def envrcpt_bytes(self, *args):
        self.note("rcpt", *args)
        return self.verdict("rcpt", args[0])

    def data(self):
        self.note("data")
        return self.verdict("data", self.sender)

    def header_bytes(self, name, value):
        self.note("header", name, value, macros=False)
        return self.verdict("header", name)

    def eoh(self):
        self.note("eoh")
        return self.verdict("eoh", self.sender)

    def body(self, chunk):
        self.content.append(bytes(chunk))
        self.length += len(chunk)
        return self.verdict("body", self.sender)

    def eom(self):
        # Bodies are small where this filter is asked, or it takes its time.
        for byte in b"".join(self.content):
            self.hash = (self.hash ^ byte) * 0x100000001b3 % (1 << 64)
        self.note("eom", "body=%d hash=%016x" % (self.length, self.hash))
        for letter, only, arg in edits:
            if only is None or only in self.sender:
                self.apply(letter, arg)
        self.forget()
        return self.verdict("eom", self.sender)

    def apply(self, letter, arg):
        index = 0
        if letter in "icd":
            number, _, arg = arg.partition(" ")
            index = int(number)
        name, _, value = arg.partition(":")
        if value.startswith(" "):
            value = value[1:]
        first, _, rest = arg.partition(" ")
        if letter == "a":
            self.addheader(name, value)
        elif letter == "i":
            self.addheader(name, value, index)
        elif letter == "c":
            self.chgheader(name, index, value)
        elif letter == "d":
            self.chgheader(name, index, None)
        elif letter == "A":
            self.addrcpt(arg)
        elif letter == "E":
            self.addrcpt(first, rest)
        elif letter == "D":
            self.delrcpt(arg)
        elif letter == "f":
            self.chgfrom(arg)
        elif letter == "F":
            self.chgfrom(first, rest)
        elif letter == "q":
            self.quarantine(arg)
        elif letter == "b":
            for chunk in self.content:
                self.replacebody(chunk)
            self.replacebody(arg.encode() + b"\r\n")
        elif letter == "B":
            with open(arg, "rb") as f:
                self.replacebody(f.read())

    def abort(self):
        self.note("abort", macros=False)
        self.forget()
        return Milter.CONTINUE

    def close(self):
        self.note("close", macros=False)
        return Milter.CONTINUE

    def unknown(self, line):
        self.note("unknown", line)
        return self.verdict("unknown", line)


def main():
    global log
    spec = None
    for option, arg in getopt.getopt(sys.argv[1:], "p:l:s:")[0]:
        if option == "-p":
            spec = arg
        elif option == "-l":
            log = open(arg, "a")
        else:
            read_script(arg)
    # The MTA that connects to a socket in the file system is not us.
    os.umask(0)
    Milter.factory = Edit
    Milter.set_flags(Milter.CURR_ACTS)
    Milter.runmilter("h_pymilter", spec)


main()
