"""The program around PJSIP's pjsua2: `python pjsua_agent.py FOLDER`.

FOLDER holds `account.json` and `microphone.wav`; what was heard is put beside them.
"""

import json
import os
import sys

import pjsua2 as pj
from agent_loop import AgentLoop

RINGING, BUSY, OK = 180, 486, 200
STOP_ROUNDS = 100
TRANSPORTS = {
    "udp": pj.PJSIP_TRANSPORT_UDP,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "tls": pj.PJSIP_TRANSPORT_TLS,
}
LOG_LEVEL = 5  # with the SIP messages


class Call(pj.Call):
    """One call; its sound is connected whenever its media changes."""

    def __init__(self, agent, number=pj.PJSUA_INVALID_ID):
        super().__init__(agent.account, number)
        self.agent = agent
        self.recorder = None
        agent.calls.append(self)

    def onCallState(self, _):
        """Report a new state of the dialog."""
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            self.agent.emit("ringing", info.lastReason)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.agent.emit("established", info.lastReason)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.recorder = None
            self.agent.calls.remove(self)
            self.agent.emit("closed", f"{info.lastStatusCode} {info.lastReason}")

    def onCallMediaState(self, _):
        """Connect microphone and recorder to active audio."""
        info = self.getInfo()  # kept: its list dies with it
        for media in info.media:
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                sound = self.getAudioMedia(media.index)
                self.recorder = self.recorder or self.agent.make_recorder()
                sound.startTransmit(self.recorder)
                self.agent.microphone.startTransmit(sound)

    def onDtmfDigit(self, event):
        """Report a digit."""
        self.agent.emit("dtmf", event.digit)


class Account(pj.Account):
    """The one account."""

    def __init__(self, agent):
        super().__init__()
        self.agent = agent

    def onRegState(self, event):
        """Report the registrar's answer."""
        good = event.code == OK and self.getInfo().regIsActive
        self.agent.emit("registered" if good else "unregistered", f"{event.code} {event.reason}")

    def onIncomingCall(self, event):
        """Ring."""
        call = Call(self.agent, event.callId)
        call.answer(status(RINGING))
        self.agent.emit("incoming", call.getInfo().remoteUri)

    def onInstantMessage(self, event):
        """Report a message's text."""
        self.agent.emit("message", event.msgBody)


def status(code):
    """Return call parameters with a status code."""
    parameters = pj.CallOpParam(True)
    parameters.statusCode = code
    return parameters


class Agent(AgentLoop):
    """One endpoint with one account."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.calls = []  # newest last
        self.recorded = 0
        with open(os.path.join(folder, "account.json")) as file:
            self.settings = json.load(file)
        self.endpoint = self._make_endpoint()
        self.microphone = pj.AudioMediaPlayer()
        self.microphone.createPlayer(os.path.join(folder, "microphone.wav"))
        self.account = Account(self)
        self.account.create(self._account_settings())

    def _make_endpoint(self):
        endpoint = pj.Endpoint()
        endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.logConfig.level = config.logConfig.consoleLevel = LOG_LEVEL
        endpoint.libInit(config)
        endpoint.transportCreate(TRANSPORTS[self.settings["transport"]], pj.TransportConfig())
        endpoint.libStart()
        endpoint.audDevManager().setNullDev()
        return endpoint

    def _account_settings(self):
        given = self.settings
        config = pj.AccountConfig()
        config.idUri = f"sip:{given['user']}@{given['domain']}"
        config.regConfig.registrarUri = f"sip:{given['domain']}"
        config.sipConfig.proxies.append(given["proxy"])
        config.sipConfig.authCreds.append(
            pj.AuthCredInfo("digest", "*", given["user"], 0, given["password"])
        )
        if given["encryption"] == "srtp":
            config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
            config.mediaConfig.srtpSecureSignaling = 0
        return config

    def make_recorder(self):
        """Return a recorder into a new file."""
        self.recorded += 1
        recorder = pj.AudioMediaRecorder()
        recorder.createRecorder(os.path.join(self.folder, f"heard-{self.recorded}.wav"))
        return recorder

    def do_dial(self, uri):
        """Call a URI."""
        Call(self).makeCall(uri, pj.CallOpParam(True))

    def do_answer(self):
        """Take the newest call."""
        self.calls[-1].answer(status(OK))

    def do_reject(self):
        """Refuse with 486."""
        self.calls[-1].hangup(status(BUSY))

    def do_hangup(self):
        """End or cancel the newest call."""
        self.calls[-1].hangup(pj.CallOpParam(True))

    def do_hold(self):
        """Put the newest call on hold."""
        self.calls[-1].setHold(pj.CallOpParam(True))

    def do_resume(self):
        """Take the newest call back."""
        parameters = pj.CallOpParam(True)
        parameters.opt.flag |= pj.PJSUA_CALL_UNHOLD
        self.calls[-1].reinvite(parameters)

    def do_transfer(self, uri):
        """Transfer the newest call, blind."""
        self.calls[-1].xfer(uri, pj.CallOpParam(True))

    def do_dtmf(self, digits):
        """Send RFC 4733 events."""
        self.calls[-1].dialDtmf(digits)

    def do_message(self, uri, body):
        """Send a MESSAGE."""
        config = pj.BuddyConfig()
        config.uri = uri
        self.buddy = pj.Buddy()
        self.buddy.create(self.account, config)
        text = pj.SendInstantMessageParam()
        text.content = body
        self.buddy.sendInstantMessage(text)

    def do_quit(self):
        """End all calls and unregister, for a bounded time; then leave."""
        self.endpoint.hangupAllCalls()
        self.account.setRegistration(False)
        for _ in range(STOP_ROUNDS):
            self.endpoint.libHandleEvents(20)
            if not self.account.getInfo().regIsActive and not self.calls:
                break
        self.stopped = True


def main():
    """Serve until told to quit."""
    agent = Agent(sys.argv[1])
    agent.run(lambda: agent.endpoint.libHandleEvents(10))
    os._exit(0)  # the library's destructors crash when Python frees its objects late


if __name__ == "__main__":
    main()
