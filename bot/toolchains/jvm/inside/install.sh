#!/bin/sh
# Fetch all that a test run asks for, by a run of each module that reaches no test.
#
#   install.sh FOLDER COMMAND...     FOLDER is the unit's, below the tree
#
# FORGEHAND_MIRROR is the mirror's address, or empty; SSL_CERT_FILE the operator's certificates, or unset.
set -eu
inside=$(dirname "$0")
folder=$1
shift

# our proxy, the operator's mirror, and nothing of the host's
address=${HTTPS_PROXY#http://}
mirror=""
if [ -n "$FORGEHAND_MIRROR" ]; then
  mirror="<mirror><id>forgehand</id><mirrorOf>*</mirrorOf><url>$FORGEHAND_MIRROR</url></mirror>"
fi
cat >/env/settings.xml <<END
<settings>
  <mirrors>$mirror</mirrors>
  <proxies><proxy>
    <id>forgehand</id><active>true</active><protocol>https</protocol>
    <host>${address%:*}</host><port>${address#*:}</port>
  </proxy></proxies>
</settings>
END
if [ -n "${SSL_CERT_FILE:-}" ]; then
  java "$inside/Trust.java" "$SSL_CERT_FILE" /env/trust.p12
  trust="-Djavax.net.ssl.trustStore=/env/trust.p12 -Djavax.net.ssl.trustStorePassword=changeit"
  export MAVEN_OPTS="$MAVEN_OPTS $trust"
fi
export GRADLE_OPTS="$GRADLE_OPTS -Dhttps.proxyHost=${address%:*} -Dhttps.proxyPort=${address#*:} ${trust:-}"

# the tree stays as it is: builds are made beside it
rm -rf /env/build
cp -R /work /env/build
(cd "/env/build/$folder" && "$@")
rm -rf /env/build

# the listener, for the JUnit Platform that Surefire has just fetched; without one, Surefire's own report is read
libraries=$(find /env/m2/org/junit/platform /env/m2/org/opentest4j /env/m2/org/apiguardian -name '*.jar' 2>/dev/null |
  tr '\n' ':')
case $libraries in
*launcher*)
  javac -nowarn -proc:none -d /env/listener -cp "$libraries" "$inside"/Listener.java "$inside"/Names.java \
    "$inside"/Records.java
  mkdir -p /env/listener/META-INF/services
  echo forgehand.Listener >/env/listener/META-INF/services/org.junit.platform.launcher.TestExecutionListener
  ;;
esac
