package io.sluice.elasticsearch;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

import javax.net.ssl.SSLException;

/** What went wrong, in words for an operator. */
final class Reasons {
    private Reasons() {}

    static String of(Throwable failure) {
        Throwable innermost = failure;
        String prefix = "";
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            innermost = cause;
            switch (cause) {
                case NoSuchFileException missing -> {
                    return missing.getFile() + " does not exist";
                }
                case AccessDeniedException denied -> {
                    return denied.getFile() + " may not be read";
                }
                case UnknownHostException unknown -> {
                    return "no address for the host name " + unknown.getMessage();
                }
                case UnresolvedAddressException _ -> {
                    return "the host name is unknown";
                }
                // What it is about is said by its cause, in few words.
                case SSLException _ -> prefix = "no TLS with this server: ";
                default -> {}
            }
        }
        String message = innermost.getMessage();
        String name = innermost.getClass().getSimpleName();
        return prefix
                + (message == null ? name : isPlain(innermost) ? message : name + ": " + message);
    }

    private static boolean isPlain(Throwable failure) {
        return failure instanceof ConnectException
                || failure instanceof NoRouteToHostException
                || failure instanceof SSLException;
    }
}
