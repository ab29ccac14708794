/** Real things for tests, and real things that misbehave on request. In no run-time class path. */
package io.sluice.testing;
