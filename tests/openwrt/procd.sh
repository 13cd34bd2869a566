# What rc.common, procd.sh and functions.sh give to an init script, each as a line of output.
# $CONFIG_SECTIONS: "kind name" words; $OPTION_kind_name: the value of an option, if it is set.

extra_command() { :; }
config_load() { echo "load $1"; }
config_foreach() { "$1" section "$3"; }
logger() { echo "log $*"; }
chown() { :; }
chmod() { :; }
mkdir() { :; }

uci_load_validate() {
	local kind="$2" section="$3" function="$4" option name value

	shift 4
	for option; do
		name=${option%%:*}
		value=${option#*:}
		case $value in *:*) value=${value#*:} ;; *) value="" ;; esac
		eval "value=\${OPTION_${kind}_${name}-$value}"
		eval "$name='$value'"
	done
	"$function" "$section" "${INVALID:-0}"
}

for name in open_instance close_instance set_param open_data close_data add_jail add_jail_mount \
	add_jail_mount_rw add_mdns_service send_signal add_reload_trigger add_raw_trigger add_validation; do
	eval "procd_$name() { echo \"procd_$name \$*\"; }"
done
for name in add_array close_array add_object close_object add_string; do
	eval "json_$name() { echo \"json_$name \$*\"; }"
done
