"""The 1,024 words that people read to each other to compare keys.

No two of them sound alike or differ in one letter, and none begins with another: they are meant
for a bad line. Order and spelling are part of the protocol (KEYAGREEMENT.md).
"""

WORDS = tuple(
    """
    acorn acrobat adobe advance advice agenda airport alarm alcove algebra almond alpine amuse
    anchor ancient animal answer antenna anthem antler anvil apricot apron aquarium archer
    arctic aroma artist ascend ashore aspect asphalt athlete atlas auction august author autumn
    avenue average avocado awake axle backpack balance balcony ballad balloon bamboo banana
    bandage banjo banner barber bargain barley barn barrel basement basil basket bathtub battery
    bazaar beacon beagle beam beaver bedroom beehive beetle behind belief belong bicycle biology
    birch birthday blanket blazer blender blizzard blossom body boiler bonfire bonnet bonus
    border borrow boulder bracelet branch brass breeze brick bridge bright broccoli bronze
    brother brown bubble bucket budget buffalo bumper bundle bungalow burger bushel butler
    button cabbage cactus calcium calendar calm camera campfire canary candle canvas canyon
    capital caramel caravan carbon carnival carpet carrot castle casual catalog cauldron cavern
    celery cellar cement century ceramic cereal chain champion channel chapter charcoal chariot
    cheese cherry chestnut chicken chimney chisel chorus cinema cinnamon circle circus citizen
    citrus clamp clarinet classic clever client cliff climate clinic clock clothes cluster coach
    cobalt cobra coconut coffee college colony column comic common compass concert condor
    confetti convoy cookie copper corner cosmos costume cottage cotton cougar council country
    coupon cousin cowboy coyote cradle crater crayon cricket crimson cruise crumb crystal
    cucumber cupboard curious cushion custard cyclone cymbal cypress daffodil dairy daring
    daylight december degree deliver delta denim dentist desert design desk detail detour
    diagram dialect diamond diesel digital dinner dinosaur direct disco distant doctor dolphin
    domino donkey double dozen dragon drawer drift driver duckling dune duplex dynamo earring
    earth eclipse economy editor educate eggplant elegant elephant eleven emblem emerald empty
    enamel energy engine enjoy enough entire envelope episode equator errand escort essay estate
    eternal evening exact example exhibit exotic expert explain express extra eyebrow fabric
    factor falcon family famous fancy farmer fashion father faucet favorite february fedora
    festival fiction fiddle fiesta fifteen fifty figure filter finger finish firefly fireman
    firework five flagpole flamingo flannel flavor fleet flipper florist flower foliage follow
    football forest forget formula fortune forum fossil fountain fraction fragile frame freedom
    freezer freight fresco friday friend fringe frog frying funnel furnace gadget galaxy gallery
    gallon galoshes garage garden gargle garlic garment gazelle gemini geyser giant giraffe
    glacier glider glory glue goblet gondola goose gopher gorilla gourmet graceful graduate
    grammar granite graph gravel grocery ground guard guest guitar gulf gumdrop gymnast habitat
    haircut halibut hallway hammer hammock hamster hangar harbor harmony harness harvest hatchet
    hawk hazel headline heavy hedge height helmet herald herbal hidden highway hiking hill hippo
    history hobby hockey holiday honest hoodie horizon hornet hospital hostel hour hundred
    hurdle husband husky hydrant hyena iceberg icicle igloo iguana imagine impulse income index
    indigo indoor industry infant inkwell inland insect inside instant jacket jaguar january
    jasmine jazz jeans jelly jersey jester jewel jigsaw jogging join journal journey joyful
    juggle jumbo junior juniper jury justice kangaroo kayak kernel kettle kidney kilogram
    kingdom kiosk kitchen kiwi knapsack knight koala lacquer ladder ladybug lagoon landmark
    lantern laptop latitude launch laundry lava lavender leather lecture legend lemonade lentil
    leopard lesson lettuce library license lilac limerick limit liquid listen little lizard
    lobster locust lollipop lottery lounge loyal lumber lyric macaroni machine magazine magenta
    magnet mahogany mailbox major mammoth mandolin mansion marathon marble margin marigold
    marina market maroon mascot master matinee mattress maximum meadow measure medal medicine
    medium mellow melody member memory menu merchant mercury mermaid message meteor method
    midnight million mineral minimum minute mirror mission mitten mixture mobile modern module
    molasses moment monday monument morning mosaic mosquito moss mother muffin museum mushroom
    muskrat mustang myrtle mystery napkin narrow nation native nature nautical nearby nebula
    necklace nectar needle neighbor nephew neptune network neutral nickel nimble ninety normal
    notebook november nozzle nurse nylon oatmeal object observe ocean octagon october octopus
    odyssey office often omelet onion online onyx opera optic orange orbit orchard orchid
    ordinary oregano origin ornament ostrich outdoor outfit overcoat oxygen oyster package
    padlock page painter pajama palace palette pancake pantry papaya parade parcel parent parlor
    parsley partner passport pasta patrol pattern pavement peacock pelican pencil pendant
    penguin pepper perfect perfume period person phoenix photo phrase physics picnic picture
    piglet pilgrim pillow piston pivot pizza planet plaster plastic plateau platform playful
    plenty plural podium poetry polish polka popcorn poplar portrait postcard potato powder
    prairie present pretzel prism private problem produce profile program project promise
    proverb public pudding pumpkin punctual pupil puppet purple puzzle pyramid python quarry
    quarter quartz queen question quilt quince rabbit radish railway rainbow raincoat raisin
    ramble random ranger rattle ravine recipe record recycle redwood reef regatta reggae region
    reindeer relax reptile rescue resort retro reunion review reward rhubarb rhythm ribbon
    ringlet ripple roadside rocket rodeo romance rooftop rooster rosemary rotate rubber rudder
    rugby runway rustic saddle safari saffron salmon salute sample sandal sandwich sapphire
    sardine satchel saturday sausage savanna scarf scenery school science scissors scooter
    scorpion screen scroll sculptor season seaweed second secret section seesaw segment seldom
    senior sentence sequel sesame shadow shampoo sheep shelter shepherd sherbet shingle shovel
    shower shrimp shrub shuttle signal silent silver similar sister sketch skillet skipper
    skyline slalom sleeve slogan slope smooth snapshot sneaker snow soccer social sofa solid
    sombrero soprano souvenir spaniel sparrow special spectrum speech sphinx spider spinach
    spiral spirit splash sponge sprinkle spruce square squash squirrel stable stadium station
    statue stencil steward stomach storm strange stream street string student sturdy subway
    suitcase sultan summer summit sunday sunrise surface surfer surplus sushi swallow sweater
    system tablet tadpole tailor talcum talent tandem target teacher teapot temple tennis
    terrace textile theater thermos thimble thistle thread throne thunder ticket timber tinsel
    titan toast toddler tomato topaz tornado totem toucan tourist tractor traffic trail trapeze
    trellis tribute trident trinket trolley trout trumpet trunk tuesday tugboat tundra turbine
    turkey turnip turtle tweed twelve twenty typist ukulele umpire unicorn uniform upright
    uptown uranium urban urchin urgent useful utensil valiant vanilla varnish vault vehicle
    velvet venture veranda verdict veteran viaduct victory vinegar vintage violet violin visitor
    vitamin vivid volcano volume voyage vulture waffle waiter wallet walnut walrus waltz wander
    warbler washer watch weasel wedding weekend welcome western whisker wicker wigwam wildcat
    window wisdom wombat wooden worker world wreath wrench yacht yogurt zenith zephyr zigzag
    zipper zodiac zoology
    """.split()
)
BITS = 10


def pair(octets):
    """Return the two words that the first 20 bits of `octets` stand for."""
    number = int.from_bytes(octets[:3], "big") >> (24 - 2 * BITS)
    return WORDS[number >> BITS], WORDS[number & (len(WORDS) - 1)]
