import { cocoClasses } from './coco-classes.ts';

/** Names of a class in captions, in the singular. Only words whose pictures almost always show that class. */
const SYNONYMS: Readonly<Record<string, string>> = {
  person:
    'human, man, woman, boy, girl, child, kid, baby, toddler, infant, lady, guy, gentleman, dude, male, female, adult, teen, teenager, youth, ' +
    'mother, mom, father, dad, parent, son, daughter, brother, sister, grandmother, grandfather, grandma, grandpa, husband, wife, friend, ' +
    'bride, groom, player, athlete, skier, snowboarder, surfer, skater, skateboarder, rider, cyclist, bicyclist, biker, motorcyclist, ' +
    'driver, pedestrian, passenger, commuter, traveler, tourist, hiker, runner, jogger, swimmer, golfer, batter, catcher, umpire, referee, ' +
    'goalie, jockey, worker, officer, cop, soldier, chef, cook, baker, waiter, waitress, bartender, farmer, cowboy, student, teacher, ' +
    'doctor, nurse, singer, musician, guitarist, dancer, performer, clown, photographer, spectator, onlooker, bystander, shopper, customer, ' +
    'vendor, firefighter, sailor, pilot, dweller, individual, couple, crowd, family, audience, team, crew, trio, twin, tennis player, ' +
    'baseball player, soccer player',
  bicycle: 'bike, cycle, tricycle, mountain bike',
  car: 'automobile, sedan, suv, taxi, taxicab, taxi cab, cab, minivan, convertible, hatchback, limousine, limo, jeep, police car, race car',
  motorcycle: 'motorbike, moped, motor scooter, motor bike, dirt bike, vespa',
  airplane: 'plane, aeroplane, aircraft, airliner, jet, jetliner, jumbo jet, biplane, fighter jet',
  bus: 'autobus, minibus, double decker, school bus, tour bus',
  train: 'locomotive, steam engine, tram, streetcar, subway train, railcar, monorail',
  truck: 'lorry, pickup, pick up truck, fire engine, firetruck, semi, tow truck, dump truck',
  boat: 'ship, sailboat, rowboat, motorboat, speedboat, canoe, kayak, ferry, yacht, gondola, barge, tugboat, raft, sampan, dinghy',
  'traffic light': 'traffic signal, stoplight, stop light, traffic lamp',
  'fire hydrant': 'hydrant, fire plug',
  'stop sign': 'stopsign',
  bench: 'park bench',
  bird:
    'pigeon, dove, seagull, gull, duck, duckling, goose, swan, parrot, parakeet, owl, eagle, hawk, falcon, peacock, hen, rooster, ' +
    'crow, raven, sparrow, robin, pelican, flamingo, heron, stork, penguin, ostrich, hummingbird, cockatoo',
  cat: 'kitten, kitty, tabby, feline, tomcat',
  dog: 'puppy, pup, doggy, doggie, canine, hound, poodle, labrador, retriever, bulldog, terrier, beagle, dachshund, dalmatian, chihuahua, husky, collie, corgi',
  horse: 'pony, foal, stallion, mare, colt',
  sheep: 'lamb, ewe',
  cow: 'bull, calf, ox, cattle, heifer',
  bear: 'polar bear, grizzly, grizzly bear, bear cub, panda, panda bear',
  backpack: 'rucksack, knapsack, back pack',
  umbrella: 'parasol',
  handbag: 'purse, hand bag',
  tie: 'necktie, bow tie, bowtie',
  suitcase: 'luggage, briefcase',
  frisbee: 'flying disc',
  skis: 'ski',
  'sports ball': 'ball, baseball, basketball, football, soccer ball, tennis ball, volleyball, beach ball',
  'baseball bat': 'bat',
  'baseball glove': 'mitt, catcher mitt, baseball mitt',
  skateboard: 'skate board, longboard',
  surfboard: 'surf board, bodyboard',
  'tennis racket': 'racket, racquet, tennis racquet',
  bottle: 'wine bottle, water bottle, beer bottle',
  'wine glass': 'wineglass, champagne glass',
  cup: 'mug, teacup, coffee cup, glass',
  'hot dog': 'hotdog',
  donut: 'doughnut',
  cake: 'birthday cake, cupcake, cheesecake, wedding cake',
  sandwich: 'burger, hamburger, cheeseburger, panini',
  chair: 'armchair, rocking chair, desk chair, recliner, lawn chair',
  couch: 'sofa, loveseat, love seat, futon, settee',
  'potted plant': 'houseplant, house plant, pot plant, flower pot, flowerpot',
  'dining table': 'table, dinner table, kitchen table, picnic table',
  tv: 'television, television set, tv set, flat screen, t.v.',
  laptop: 'laptop computer, notebook computer, macbook',
  mouse: 'computer mouse',
  remote: 'remote control, tv remote, wii remote',
  keyboard: 'computer keyboard',
  'cell phone': 'cellphone, cellular phone, phone, smartphone, smart phone, mobile phone, iphone',
  microwave: 'microwave oven',
  oven: 'stove, range oven',
  sink: 'wash basin, washbasin',
  refrigerator: 'fridge, freezer, icebox',
  clock: 'clock face, alarm clock, wall clock',
  vase: 'flower vase',
  'teddy bear': 'teddy, stuffed bear, stuffed animal, plush bear',
  'hair drier': 'hair dryer, hairdryer, blow dryer, hairdrier',
  toothbrush: 'tooth brush',
};

/** Class names by every word or compound that means them. */
export const classWords: ReadonlyMap<string, string> = new Map([
  ...cocoClasses.flatMap((name) => (name ? [[name, name] as const] : [])),
  ...Object.entries(SYNONYMS).flatMap(([name, words]) => words.split(', ').map((word) => [word, name] as const)),
]);

/** Things whose names end like a class but that do not belong to it. */
export const notOfTheirClass: ReadonlySet<string> = new Set(
  (
    'cable car, car seat, flower bed, river bed, truck bed, toilet bowl, toilet paper, piano keyboard, music keyboard, ' +
    'magnifying glass, window glass, broken glass, stained glass, pay phone, hot air balloon, pool table, coffee table, end table, ' +
    'side table, bedside table, dog bed, cat bed, disco ball, rubber duck, cricket bat, sea horse, rocking horse'
  ).split(', '),
);
