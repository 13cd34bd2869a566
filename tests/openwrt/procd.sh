# What rc.common, procd.sh and functions.sh give to an init script, each as a line of output.
# $CONFIG_SECTIONS: "kind name" words; $OPTION_kind_name: the value of an option, if it is set.

extra_command() { :; }
config_load() { echo "load $1"; }
config_foreach() { case " ${SECTIONS-node} " in *" $2 "*) "$1" section ;; esac; }
logger() {
	local line

	[ -t 0 ] || read -r line
	echo "log $*${line:+ $line}"
}
chown() { :; }
chmod() { :; }
mkdir() { :; }

config_get() { eval "$1=\${OPTION_node_$3-$4}"; }
config_get_bool() {
	config_get "$@"
	case $(eval "echo \$$1") in 0) eval "$1=0" ;; *) eval "$1=1" ;; esac
}
uci() {
	case $* in
	*auto_helper) echo "$UCI_auto_helper" ;;
	*batch) while read -r line; do echo "batch $line"; done ;;
	esac
}

for name in open_instance close_instance set_param open_data close_data add_jail add_jail_mount \
	open_trigger close_trigger add_config_trigger add_jail_mount_rw add_mdns_service send_signal add_reload_trigger add_raw_trigger; do
	eval "procd_$name() { echo \"procd_$name \$*\"; }"
done
for name in add_array close_array add_object close_object add_string; do
	eval "json_$name() { echo \"json_$name \$*\"; }"
done
