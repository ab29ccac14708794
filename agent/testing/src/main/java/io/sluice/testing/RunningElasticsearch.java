package io.sluice.testing;

import io.sluice.testing.ElasticsearchFixture.Options;
import io.sluice.testing.ElasticsearchFixture.Security;

import java.net.URI;
import java.util.Optional;

/** A server that somebody else started; it is used, never stopped. */
final class RunningElasticsearch implements ElasticsearchServer {
    private final URI url;
    private final String username;
    private final String password;

    RunningElasticsearch(URI given, Options options) {
        if (options.security() != Security.OFF || !options.settings().isEmpty()) {
            throw new IllegalStateException(
                    "this test needs a server of its own with "
                            + options
                            + "; remove "
                            + ElasticsearchFixture.URL_PROPERTY
                            + " to let it start one");
        }
        String user = given.getUserInfo() == null ? "" : given.getUserInfo();
        int colon = user.indexOf(':');
        this.username = colon < 0 ? user : user.substring(0, colon);
        this.password = colon < 0 ? "" : user.substring(colon + 1);
        this.url =
                URI.create(
                        given.getScheme() + "://" + given.getAuthority().replaceFirst(".*@", ""));
    }

    @Override
    public URI url() {
        return url;
    }

    @Override
    public String username() {
        return username;
    }

    @Override
    public String password() {
        return password;
    }

    @Override
    public Optional<TestCertificates> certificates() {
        return Optional.empty();
    }

    @Override
    public String description() {
        return "Elasticsearch at " + url;
    }

    @Override
    public void start() {}

    @Override
    public boolean isRunning() {
        return true;
    }

    @Override
    public String log() {
        return "its log is where it was started";
    }

    @Override
    public void stop() {}

    @Override
    public void remove() {}
}
