"""Timer values in milliseconds (RFC 3261 section 17 and table 4, RFC 6026)."""

T1 = 500
T2 = 4000
T4 = 5000

TIMER_B = TIMER_F = TIMER_H = TIMER_J = TIMER_L = TIMER_M = 64 * T1
TIMER_D = 32000
TIMER_I = TIMER_K = T4

# Transactions that only wait for repetitions end together, so often: each time to wake costs.
LINGER_STEP = 256

# Section 17.2.1: 100 unless a provisional or final response comes within 200 ms.
TRYING_AFTER = 200
# RFC 4320 section 4.1: 100 to a non-INVITE once timer E would have reached T2.
TRYING_AFTER_T2 = T1 + 2 * T1 + 4 * T1
