"""Phones with encryption of their own in keyed calls."""

import unittest

from bellhop.media.effects import CLEAR, SECURE, UNTOUCHED

from .calls import (
    ALICE_PHONE,
    AUDIO,
    BOB_PHONE,
    PHONE_KEY,
    SAVP_AUDIO,
    Pair,
    refusal,
    reply,
    sdp,
)


class PhonesThatEncrypt(unittest.TestCase):
    def test_sdes_of_the_caller_ends_at_its_node(self):
        pair = Pair()
        there, back, _ = pair.call(sdp(ALICE_PHONE, SAVP_AUDIO % 4000))
        self.assertIn(b" RTP/AVP ", there.body)
        for octets in pair.wire + [there.write()]:
            self.assertNotIn(b"a=crypto", octets)
        self.assertIn(b"m=audio 20000 RTP/SAVP 0 101\r\n", back.body)
        self.assertIn(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", back.body)
        self.assertNotIn(PHONE_KEY.encode(), back.body)
        near = pair.one.told[(1, 0)]
        self.assertEqual(
            (near["kind"], near["receive"]), (SECURE, (1, bytes(range(16)), bytes(range(16, 30))))
        )
        self.assertNotEqual(near["send"], near["receive"])
        self.assertEqual(pair.one.told[(1, 1)]["kind"], SECURE)
        self.assertFalse(pair.one.events[-1]["by_phones"])

    def test_sdes_of_the_called_phone_is_asked_for(self):
        pair = Pair(bob_srtp="must")
        there = pair.invite(sdp(ALICE_PHONE))
        self.assertIn(b"m=audio 30002 RTP/SAVP 0 101\r\n", there.body)
        self.assertIn(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", there.body)
        back = pair.reply(200, sdp(BOB_PHONE, SAVP_AUDIO % 5000))
        self.assertIn(b"m=audio 20000 RTP/AVP 0 101\r\n", back.body)
        self.assertNotIn(b"crypto", back.body + pair.wire[1])
        phone = pair.two.told[(1, 1)]
        self.assertEqual((phone["kind"], phone["receive"][1]), (SECURE, bytes(range(16))))

    def test_a_phone_that_was_offered_sdes_may_do_without(self):
        pair = Pair(bob_srtp="offer")
        there = pair.invite(sdp(ALICE_PHONE))
        self.assertIn(b"m=audio 30002 RTP/AVP 0 101\r\n", there.body)
        self.assertIn(b"a=crypto:1 ", there.body)
        pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertEqual(
            (pair.two.told[(1, 1)]["kind"], pair.two.told[(1, 0)]["kind"]), (CLEAR, SECURE)
        )

    def test_a_phone_that_must_and_does_not_is_refused(self):
        pair = Pair(bob_srtp="must")
        pair.invite(sdp(ALICE_PHONE))
        answered = reply(pair.crossed, 200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertEqual(refusal(pair.two.response, "2", answered).status, 488)

    def test_a_change_towards_an_sdes_phone_repeats_its_key(self):
        pair = Pair()
        _, back, _ = pair.call(sdp(ALICE_PHONE, SAVP_AUDIO % 4000))
        ours = back.body.partition(b"a=crypto:1 ")[2].partition(b"\r\n")[0]
        there, _ = pair.change(
            "INVITE", sdp(BOB_PHONE), sdp(ALICE_PHONE, SAVP_AUDIO % 4000), 7, False
        )
        self.assertIn(b" RTP/SAVP ", there.body)
        self.assertIn(ours, there.body)

    def test_an_sdes_phone_may_change_its_key(self):
        pair = Pair()
        pair.call(sdp(ALICE_PHONE, SAVP_AUDIO % 4000))
        fresh = SAVP_AUDIO.replace("AAEC", "zzzz")
        _, back = pair.change("INVITE", sdp(ALICE_PHONE, fresh % 4000), sdp(BOB_PHONE))
        self.assertIn(b"a=crypto:1 ", back.body)
        self.assertEqual(pair.one.told[(1, 0)]["receive"][1][:3], b"\xcf\x3c\xf3")

    def test_a_phone_that_drops_its_key_is_sent_nothing_sealed_until_it_has_one_again(self):
        pair = Pair(bob_srtp="offer")
        pair.call(sdp(ALICE_PHONE, SAVP_AUDIO % 4000), sdp(BOB_PHONE, SAVP_AUDIO % 5000))
        plain, sealed = AUDIO % 4000, SAVP_AUDIO % 4000
        for cseq, is_caller, offered, answered, kinds in (
            (2, True, plain, sealed, (CLEAR, SECURE)),
            (3, False, plain, plain, (CLEAR, CLEAR)),
            (4, True, sealed, plain, (SECURE, CLEAR)),
        ):
            hosts = (ALICE_PHONE, BOB_PHONE) if is_caller else (BOB_PHONE, ALICE_PHONE)
            _, back = pair.change(
                "INVITE", sdp(hosts[0], offered), sdp(hosts[1], answered), cseq, is_caller
            )
            self.assertEqual(b"a=crypto" in back.body, offered is sealed)
            near, far = pair.one.told[(1, 0)]["kind"], pair.two.told[(1, 1)]["kind"]
            self.assertEqual((near, far), kinds)
            between = pair.one.told[(1, 1)]["kind"], pair.two.told[(1, 0)]["kind"]
            self.assertEqual(between, (SECURE, SECURE))

    def test_keys_that_the_node_cannot_use_are_refused(self):
        pair = Pair()
        odd = SAVP_AUDIO.replace("_80", "_99")
        self.assertEqual(refusal(pair.invite, sdp(ALICE_PHONE, odd % 4000)).status, 488)

    def test_dtls_passes_untouched_and_without_a_key_of_the_nodes(self):
        dtls = "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\na=setup:actpass\r\n"
        pair = Pair()
        there, _, _ = pair.call(
            sdp(ALICE_PHONE, dtls), sdp(BOB_PHONE, dtls.replace("4000", "5000"))
        )
        self.assertIn(b"a=fingerprint:sha-256 AA\r\na=setup:actpass\r\n", there.body)
        self.assertNotIn(b"bellhop", b"".join(pair.wire).lower())
        for told in list(pair.one.told.values()) + list(pair.two.told.values()):
            self.assertEqual(told["kind"], UNTOUCHED)
        self.assertEqual(len(pair.one.told), 2)

    def test_zrtp_of_both_phones_passes_untouched(self):
        zrtp = AUDIO + "a=zrtp-hash:1.10 %s\r\n"
        pair = Pair()
        there, back, _ = pair.call(
            sdp(ALICE_PHONE, zrtp % (4000, "a" * 64)), sdp(BOB_PHONE, zrtp % (5000, "b" * 64))
        )
        self.assertIn(b"a=zrtp-hash:1.10 aaa", there.body)
        self.assertIn(b"a=zrtp-hash:1.10 bbb", back.body)
        kinds = [
            told["kind"] for told in list(pair.one.told.values()) + list(pair.two.told.values())
        ]
        self.assertEqual(kinds, [UNTOUCHED] * 4)
        self.assertTrue(pair.one.events[-1]["by_phones"])

    def test_zrtp_of_one_phone_only_is_encrypted_by_the_nodes(self):
        pair = Pair()
        pair.call(sdp(ALICE_PHONE, AUDIO % 4000 + "a=zrtp-hash:1.10 aaaa\r\n"))
        self.assertEqual(pair.one.told[(1, 1)]["kind"], SECURE)
        self.assertFalse(pair.one.events[-1]["by_phones"])


if __name__ == "__main__":
    unittest.main()
