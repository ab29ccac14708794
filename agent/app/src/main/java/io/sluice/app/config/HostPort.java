package io.sluice.app.config;

/**
 * Where a server listens.
 *
 * @param host name or address, an IPv6 address without its brackets
 * @param port 0 lets the system choose one
 */
public record HostPort(String host, int port) {
    public HostPort {
        if (host.isBlank() || port < 0 || port > 65_535) {
            throw new IllegalArgumentException(
                    "address is "
                            + host
                            + ":"
                            + port
                            + "; set a host and a port from 0 to 65535, such as 127.0.0.1:2022");
        }
    }

    /** Whether two servers cannot listen on both. */
    boolean clashesWith(HostPort other) {
        return port != 0
                && port == other.port
                && (host.equals(other.host) || isEverywhere() || other.isEverywhere());
    }

    private boolean isEverywhere() {
        return host.equals("0.0.0.0") || host.equals("::");
    }

    /** As it is written in the configuration. */
    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
