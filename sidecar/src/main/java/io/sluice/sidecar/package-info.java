/** Files, sockets and the journal to stdout and stderr. Stands on {@code tail} alone. */
package io.sluice.sidecar;
