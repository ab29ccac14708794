package io.sluice.elasticsearch;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.net.spi.InetAddressResolverProvider;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Stands where the system's name service stands, below what the Java run-time remembers: knows the
 * names that a test tells it, and asks the system for all others. Found by the run-time through
 * {@code META-INF/services}.
 */
public final class ChangingNames extends InetAddressResolverProvider {
    private static final Map<String, List<String>> ADDRESSES = new ConcurrentHashMap<>();
    private static final AtomicInteger LOOKUPS = new AtomicInteger();

    /** From now on a name has these addresses, as digits. */
    static void set(String name, String... addresses) {
        ADDRESSES.put(name, List.of(addresses));
    }

    /** How often any of these names was looked up. */
    static int lookups() {
        return LOOKUPS.get();
    }

    @Override
    public InetAddressResolver get(Configuration configuration) {
        InetAddressResolver system = configuration.builtinResolver();
        return new InetAddressResolver() {
            @Override
            public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
                    throws UnknownHostException {
                List<String> known = ADDRESSES.get(host);
                if (known == null) {
                    return system.lookupByName(host, policy);
                }
                LOOKUPS.incrementAndGet();
                return known.stream().map(digits -> address(host, digits));
            }

            @Override
            public String lookupByAddress(byte[] address) throws UnknownHostException {
                return system.lookupByAddress(address);
            }
        };
    }

    private static InetAddress address(String host, String digits) {
        try {
            return InetAddress.getByAddress(host, InetAddress.getByName(digits).getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String name() {
        return "changing names";
    }
}
