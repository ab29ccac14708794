package io.sluice.sidecar;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How many datagrams the kernel has dropped at a port of this process because nobody took them in
 * time: the last column of proc_net(5)'s {@code udp} and {@code udp6}. That a datagram itself says
 * it (SO_RXQ_OVFL) cannot be asked for from here.
 */
final class UdpDrops {
    private static final int LOCAL_ADDRESS = 1;
    private static final int INODE = 9;

    private UdpDrops() {}

    /** Since the socket was opened; 0 where the kernel does not tell. */
    static long atPort(int port) {
        Set<String> inodes = ownSockets();
        long drops = 0;
        for (String table : List.of("/proc/self/net/udp", "/proc/self/net/udp6")) {
            try {
                for (String row : Files.readAllLines(Path.of(table), StandardCharsets.US_ASCII)) {
                    String[] fields = row.strip().split("\\s+", -1);
                    if (fields.length > INODE
                            && inodes.contains(fields[INODE])
                            && fields[LOCAL_ADDRESS].endsWith(String.format(":%04X", port))) {
                        drops += Long.parseLong(fields[fields.length - 1]);
                    }
                }
            } catch (IOException _) {
                // No such table: a kernel without IPv6.
            }
        }
        return drops;
    }

    private static Set<String> ownSockets() {
        Set<String> inodes = new HashSet<>();
        try (DirectoryStream<Path> descriptors =
                Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                String to = link(descriptor);
                if (to.startsWith("socket:[")) {
                    inodes.add(to.substring("socket:[".length(), to.length() - 1));
                }
            }
        } catch (IOException | DirectoryIteratorException _) {
            // Without /proc nothing is told.
        }
        return inodes;
    }

    private static String link(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException _) {
            // The one that this listing is read by.
            return "";
        }
    }
}
