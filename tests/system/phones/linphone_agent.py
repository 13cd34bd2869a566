"""The program around liblinphone: `python linphone_agent.py FOLDER`.

FOLDER holds `linphonerc` and `microphone.wav`; what was heard is put beside them.
"""

import ctypes
import os
import sys

from agent_loop import AgentLoop

INCOMING, STREAMS_RUNNING, RELEASED = 1, 8, 19
REASON_DECLINED, REASON_BUSY = 3, 6
CALL_EVENTS = {  # LinphoneCallState: the states a test waits for
    5: "ringing",
    6: "ringing",
    10: "held",
    12: "transferred",
}
CLOSED = (13, 14)  # error, end
REGISTERED, CLEARED, FAILED = 2, 3, 4
REGISTRATION_EVENTS = {REGISTERED: "registered", CLEARED: "unregistered", FAILED: "unregistered"}
LOGGED = (
    "success",
    "aborted",
    "missed",
    "declined",
    "aborted early",
    "accepted elsewhere",
    "declined elsewhere",
)  # LinphoneCallStatus

library = ctypes.CDLL("liblinphone.so.10")
POINTER, TEXT, NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
call_state_callback = ctypes.CFUNCTYPE(None, POINTER, POINTER, NUMBER, TEXT)
registration_callback = ctypes.CFUNCTYPE(None, POINTER, POINTER, NUMBER, TEXT)
message_callback = ctypes.CFUNCTYPE(None, POINTER, POINTER, POINTER)
dtmf_callback = ctypes.CFUNCTYPE(None, POINTER, POINTER, NUMBER)

# Functions that return a pointer or a text: ctypes would cut both to an int.
RETURNS = {
    "factory_get": POINTER,
    "factory_create_core_cbs": POINTER,
    "factory_create_core_with_config_3": POINTER,
    "config_new_with_factory": POINTER,
    "logging_service_get": POINTER,
    "core_invite": POINTER,
    "call_get_call_log": POINTER,
    "call_get_error_info": POINTER,
    "call_get_remote_address_as_string": TEXT,
    "call_get_authentication_token": TEXT,
    "core_get_chat_room_from_uri": POINTER,
    "chat_message_get_utf8_text": TEXT,
    "chat_room_create_message_from_utf8": POINTER,
}


def call_library(name, *arguments):
    """Call `linphone_<name>`; texts go in and come back as str, large ints are handles."""
    function = getattr(library, "linphone_" + name)
    function.restype = RETURNS.get(name, NUMBER)
    result = function(*map(_for_library, arguments))
    return result.decode(errors="replace") if isinstance(result, bytes) else result


def _for_library(value):
    if isinstance(value, str):
        return value.encode()
    return POINTER(value) if isinstance(value, int) and value > 0xFFFF else value


class Agent(AgentLoop):
    """One core, the calls it holds, and the commands that move them."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.calls = []  # newest last
        self.running = set()
        self.recorded = 0
        self.registered = self.stopping = False
        self.callbacks = (
            call_state_callback(self.on_call),
            registration_callback(self.on_registration),
            message_callback(self.on_message),
            dtmf_callback(self.on_dtmf),
        )
        self.core = self._make_core()
        self._record_into("before.wav")

    def _make_core(self):
        call_library("logging_service_set_log_level", call_library("logging_service_get"), 1 << 2)
        factory = call_library("factory_get")
        config = call_library(
            "config_new_with_factory", os.path.join(self.folder, "linphonerc"), None
        )
        core = call_library("factory_create_core_with_config_3", factory, config, None)
        table = call_library("factory_create_core_cbs", factory)
        for name, callback in zip(
            (
                "call_state_changed",
                "registration_state_changed",
                "message_received",
                "dtmf_received",
            ),
            self.callbacks,
        ):
            call_library("core_cbs_set_" + name, table, callback)
        call_library("core_add_callbacks", core, table)
        call_library("core_set_use_files", core, 1)
        call_library("core_set_play_file", core, os.path.join(self.folder, "microphone.wav"))
        call_library("core_start", core)
        return core

    def on_call(self, _core, call, state, reason):
        """Follow a call's state."""
        if call not in self.calls:
            self.calls.append(call)
        if state == STREAMS_RUNNING:
            self.on_running(call, reason.decode())
        elif state == INCOMING:
            self.emit("incoming", call_library("call_get_remote_address_as_string", call))
        elif state == RELEASED:
            status = call_library("call_log_get_status", call_library("call_get_call_log", call))
            self.calls.remove(call)
            self.running.discard(call)
            self.emit("logged", LOGGED[status])
        elif state in CLOSED:
            status = call_library(
                "error_info_get_protocol_code", call_library("call_get_error_info", call)
            )
            self.emit("closed", f"{status} {reason.decode()}")
        elif state in CALL_EVENTS:
            self.emit(CALL_EVENTS[state], reason.decode())

    def on_running(self, call, reason):
        """Give a new call a recording of its own.

        Only now: setting the file while a call rings crashes the library.
        """
        if call in self.running:
            self.emit("resumed", reason)
            return
        self.running.add(call)
        self.recorded += 1
        self._record_into(f"heard-{self.recorded}.wav")
        self.emit("established", reason)

    def on_registration(self, _core, _account, state, reason):
        """Follow the registration."""
        self.registered = state == REGISTERED
        if self.stopping and state == CLEARED:
            self.stopped = True
        if state in REGISTRATION_EVENTS:
            self.emit(REGISTRATION_EVENTS[state], reason.decode())

    def on_message(self, _core, _room, message):
        """Report a message's text."""
        self.emit("message", call_library("chat_message_get_utf8_text", message))

    def on_dtmf(self, _core, _call, digit):
        """Report a digit."""
        self.emit("dtmf", chr(digit))

    def _record_into(self, name):
        path = os.path.join(self.folder, name)
        call_library("core_set_record_file", self.core, path)

    def do_dial(self, uri):
        """Call a URI."""
        call_library("core_invite", self.core, uri)

    def do_answer(self):
        """Take the newest call."""
        call_library("call_accept", self.calls[-1])

    def do_decline(self):
        """Refuse with 603."""
        call_library("call_decline", self.calls[-1], REASON_DECLINED)

    def do_reject(self):
        """Refuse with 486."""
        call_library("call_decline", self.calls[-1], REASON_BUSY)

    def do_hangup(self):
        """End or cancel the newest call."""
        call_library("call_terminate", self.calls[-1])

    def do_hold(self):
        """Pause the newest call."""
        call_library("call_pause", self.calls[-1])

    def do_resume(self):
        """Resume the newest call."""
        call_library("call_resume", self.calls[-1])

    def do_transfer(self, uri):
        """Transfer the newest call, blind."""
        call_library("call_transfer", self.calls[-1], uri)

    def do_dtmf(self, digits):
        """Send RFC 4733 events."""
        call_library("call_send_dtmfs", self.calls[-1], digits)

    def do_message(self, uri, body):
        """Send a MESSAGE."""
        room = call_library("core_get_chat_room_from_uri", self.core, uri)
        call_library(
            "chat_message_send", call_library("chat_room_create_message_from_utf8", room, body)
        )

    def do_security_words(self):
        """Report the words of a ZRTP call."""
        self.emit("words", call_library("call_get_authentication_token", self.calls[-1]) or "")

    def do_quit(self):
        """End all calls and unregister; the loop ends when that is confirmed."""
        self.stopping, self.stopped = True, not self.registered
        call_library("core_terminate_all_calls", self.core)
        call_library("core_clear_accounts", self.core)

    def do_leave(self):
        """End as a person ends the program: its accounts stay for the next start."""
        self.stopped = True


def main():
    """Serve until the account is unregistered."""
    agent = Agent(sys.argv[1])
    agent.run(lambda: call_library("core_iterate", agent.core))
    call_library("core_stop", agent.core)


if __name__ == "__main__":
    main()
